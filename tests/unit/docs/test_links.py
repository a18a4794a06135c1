"""Documents name only files that exist: relative links with their headings, and paths in backticks."""

import re
from pathlib import Path

import pytest

from scripts.check_files import tracked_files

ROOT = Path(__file__).parents[3]
FILES = tracked_files(ROOT)
DOCUMENTS = [path for path in FILES if path.suffix == ".md"]

_CODE_BLOCK = re.compile(r"```.*?```", re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s#]*)(?:#([^)]*))?\)|src=\"([^\"]+)\"")
_PATH = re.compile(r"`((?:[A-Za-z0-9_.@-]+/)+[A-Za-z0-9_.-]*)`")
_FILE = re.compile(r"`(?!PascalCase)([A-Za-z0-9_-]+\.(?:py|proto|ts|tsx|sh|j2))`")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
# A path is the repository's if its first folder or its ending is.
_FOLDERS = {path.parts[0] for path in FILES if len(path.parts) > 1}
_ENDINGS = {".py", ".md", ".proto", ".ts", ".tsx", ".js", ".go", ".sh", ".yaml", ".yml", ".j2", ".cql", ".css", ".html"}
_GENERATED = ("gen/", "examples/go/gen", "web/dist", "web/src/gen", "bench/results")


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_links_and_paths_lead_to_files(document: Path) -> None:
    text = _CODE_BLOCK.sub("", (ROOT / document).read_text())
    missing = [link for link in _links(text) if not _leads_somewhere(document, *link)]
    missing += [path for path in _PATH.findall(text) if _is_ours(path) and not _exists(document, path)]
    missing += [name for name in _FILE.findall(text) if not any(path.name == name for path in FILES)]

    assert not missing, f"{document} names {missing}"


def _links(text: str) -> list[tuple[str, str]]:
    found = [(path or source, heading) for path, heading, source in _LINK.findall(text)]
    return [(path, heading) for path, heading in found if not re.match(r"[a-z]+:", path)]


def _leads_somewhere(document: Path, path: str, heading: str) -> bool:
    target = ROOT / document.parent / path if path else ROOT / document
    return target.exists() and (not heading or heading in _anchors(target.read_text()))


def _anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a text."""
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in _HEADING.findall(text)}


def _is_ours(path: str) -> bool:
    if path.startswith(_GENERATED):
        return False
    return Path(path).parts[0] in _FOLDERS or Path(path).suffix in _ENDINGS


def _exists(document: Path, path: str) -> bool:
    """Paths are relative to the root, to the document, or to `src` beside it."""
    return any((base / path).exists() for base in (ROOT, ROOT / document.parent, ROOT / document.parent / "src"))

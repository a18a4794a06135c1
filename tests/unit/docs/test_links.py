"""Documents name only files that exist: relative links, and paths in backticks."""

import re
from pathlib import Path

import pytest

from scripts.check_files import tracked_files

ROOT = Path(__file__).parents[3]
DOCUMENTS = [path for path in tracked_files(ROOT) if path.suffix == ".md"]

_FENCE = re.compile(r"```.*?```", re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)]*)?\)|src=\"([^\"]+)\"")
_PATH = re.compile(r"`((?:[A-Za-z0-9_.@-]+/)+[A-Za-z0-9_.-]*)`")
# A path whose first folder is one of these, or whose ending is one of those, is meant to be in the repository.
_FOLDERS = {path.parts[0] for path in tracked_files(ROOT) if len(path.parts) > 1}
_ENDINGS = {".py", ".md", ".proto", ".ts", ".tsx", ".js", ".go", ".sh", ".yaml", ".yml", ".j2", ".cql", ".css", ".html"}
# Generated or written at run time.
_MADE = ("gen/", "examples/go/gen", "web/dist", "web/src/gen", "bench/results")


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_links_and_paths_lead_to_files(document: Path) -> None:
    text = _FENCE.sub("", (ROOT / document).read_text())
    links = [link or source for link, source in _LINK.findall(text)]
    relative = [link for link in links if not re.match(r"[a-z]+:", link)]
    missing = [link for link in relative if not (ROOT / document.parent / link).exists()]
    missing += [path for path in _PATH.findall(text) if _is_ours(path) and not _exists(document, path)]

    assert not missing, f"{document} names {', '.join(missing)}"


def _is_ours(path: str) -> bool:
    if path.startswith(_MADE):
        return False
    return Path(path).parts[0] in _FOLDERS or Path(path).suffix in _ENDINGS


def _exists(document: Path, path: str) -> bool:
    """Paths are relative to the root, to the document, to its service, or to a service (`adapters/…`)."""
    bases = [ROOT, ROOT / document.parent, ROOT / document.parent / "src"]
    return any((base / path).exists() for base in bases)

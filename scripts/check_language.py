"""Refuses phrases that are hard to read, and names that were replaced.

A docstring must not start with a relative clause ("What a record becomes …"), some phrases are refused in every file,
and no old name (scripts/old_names.py) may be an identifier or a file name.

`--report` prints the number of findings per folder. Folders as arguments limit the check to them.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.old_names import FILES_KEPT, HOT_TAIL, OLD_FILES, old_name
from scripts.prose import GENERATED, ROOT, docs, tracked_files

TEXT = {
    *(".cql", ".css", ".go", ".html", ".j2", ".java", ".js", ".md", ".mjs", ".proto", ".py", ".rst", ".sh", ".sql"),
    *(".toml", ".ts", ".tsx", ".yaml", ".yml"),
}
TEXT_NAMES = {"Dockerfile", "Makefile"}
CODE = {".go", ".java", ".js", ".mjs", ".proto", ".py", ".ts", ".tsx"}
# These files quote the refused words.
SELF = {"scripts/check_language.py", "scripts/old_names.py", "tests/architecture/test_language.py"}

START = re.compile(r"(?:What|Who|Whoever|Where|Whatever|Those|Of)\b(?!.*\?\s*$)", re.DOTALL)
# A phrase may span two lines of a comment.
_GAP = r"[\s#*/_]+"
PHRASES = re.compile(
    rf"(?<![^\W_])(?:(?:is|are){_GAP}away|comes{_GAP}good|mend(?:s|ed|ing)?|for{_GAP}ever|anew|told)(?![^\W_])",
    re.IGNORECASE,
)
_NO_CODE = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`", re.DOTALL)
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
_BACKTICKS = re.compile(r"`([A-Za-z_]\w*)`")


def is_text(path: Path) -> bool:
    """Return whether people read and write this file."""
    if path.as_posix().startswith(GENERATED) or path.as_posix() in SELF or "lock" in path.stem:
        return False
    return path.suffix in TEXT or path.name in TEXT_NAMES or path.as_posix() == ".ci/run"


def findings(path: Path, text: str, *, hot_tail_explained: bool = False) -> list[str]:
    """Return the findings in one file, as lines to print."""
    found = [*_starts(path, text), *_phrases(path, text), *_file_name(path)]
    if path.suffix in CODE or path.suffix == ".md":
        found += _names(path, text, hot_tail_explained=hot_tail_explained)
    return found


def _starts(path: Path, text: str) -> Iterator[str]:
    for doc in docs(path, text):
        if match := START.match(doc.text.strip()):
            yield f"{path}:{doc.line}: starts with {match.group()!r}: start with a verb, or name the thing"


def _phrases(path: Path, text: str) -> Iterator[str]:
    for match in PHRASES.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield f"{path}:{line}: says {' '.join(re.split(_GAP, match.group()))!r}"


def _file_name(path: Path) -> Iterator[str]:
    if path.as_posix() in FILES_KEPT:
        return
    if path.name in OLD_FILES:
        yield f"{path}:1: is named {path.name}: {OLD_FILES[path.name]}"
        return
    for part in [*path.parts[:-1], path.stem]:
        if old := old_name(part, path.as_posix()):
            yield f"{path}:1: is named {part}: {old.new}"


def _names(path: Path, text: str, *, hot_tail_explained: bool) -> Iterator[str]:
    seen: set[str] = set()
    for line, name in _identifiers(path, text):
        if name in seen or (path.name.startswith("test_") and name.startswith("test_")):
            continue
        seen.add(name)
        if old := old_name(name, path.as_posix()):
            yield f"{path}:{line}: old name {name}: {old.new}"
        elif not hot_tail_explained and HOT_TAIL.fullmatch(name):
            yield f"{path}:{line}: old name {name}: UnstoredEvents, or explain the hot tail in docs/glossary.md"


def _identifiers(path: Path, text: str) -> Iterator[tuple[int, str]]:
    if path.suffix == ".py":
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.NAME:
                yield token.start[0], token.string
        return
    if path.suffix != ".md":
        # Keep the line numbers.
        text = _NO_CODE.sub(lambda match: "\n" * match.group().count("\n") or " ", text)
    for match in (_BACKTICKS if path.suffix == ".md" else _IDENTIFIER).finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match.group(match.lastindex or 0)


def folder(path: Path) -> str:
    """Return the folder by which findings are counted: `services/auth`, `tests/unit`, `kernel`, `.`."""
    depth = 2 if path.parts[0] in {"services", "tests"} else 1
    return "/".join(path.parts[:-1][:depth]) or "."


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folders", nargs="*", help="look only at these folders or files")
    parser.add_argument("--report", action="store_true", help="print counts per folder, and succeed")
    options = parser.parse_args()
    glossary = ROOT / "docs/glossary.md"
    explained = glossary.exists() and "hot tail" in glossary.read_text("utf-8").lower()
    found: list[tuple[Path, str]] = []
    for path in filter(is_text, tracked_files()):
        if options.folders and not path.as_posix().startswith(tuple(options.folders)):
            continue
        text = (ROOT / path).read_text("utf-8")
        found += [(path, line) for line in findings(path, text, hot_tail_explained=explained)]
    if options.report:
        for name, count in sorted(Counter(folder(path) for path, _ in found).items()):
            print(f"{count:>5} {name}")
        print(f"{len(found):>5} in all")
        return 0
    print("\n".join(line for _, line in found) or "the language is in order")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

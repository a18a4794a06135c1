"""Reads the prose of the repository: docstrings and documentation comments, by file and line."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GENERATED = ("gen/", "third_party/", "web/src/gen/")

_BLOCK_COMMENT = re.compile(r"/\*\*(?P<text>.*?)\*/", re.DOTALL)
_LINE_COMMENTS = re.compile(r"(?m)^(?P<indent>[ \t]*)//.*(?:\n[ \t]*//.*)*")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9`\"'(\[])")


@dataclass(frozen=True, slots=True)
class Doc:
    """One docstring or documentation comment, and the line where it begins."""

    line: int
    text: str


def tracked_files(root: Path = ROOT) -> list[Path]:
    """Return every file that git tracks or would track, relative to root."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listing = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    return sorted(Path(name) for name in set(listing.split("\0")) if name and (root / name).is_file())


def docs(path: Path, text: str) -> list[Doc]:
    """Return the docstrings or documentation comments of a file. Empty for a language without them."""
    match path.suffix:
        case ".py":
            return list(_docstrings(text))
        case ".ts" | ".tsx" | ".js" | ".java":
            return [
                Doc(_line(text, match.start()), _unstarred(match["text"])) for match in _BLOCK_COMMENT.finditer(text)
            ]
        case ".proto" | ".go":
            return [
                Doc(_line(text, match.start()), re.sub(r"(?m)^[ \t]*// ?", "", match.group()))
                for match in _LINE_COMMENTS.finditer(text)
            ]
        case _:
            return []


def sentences(doc: Doc) -> list[str]:
    """Return the sentences of a docstring, each on one line, without lists of arguments, tables and drawings."""
    found: list[str] = []
    for paragraph in re.split(r"\n\s*\n", doc.text.strip()):
        if paragraph.startswith(("    ", "\t")):
            continue
        joined = " ".join(paragraph.split())
        found += [sentence for sentence in _SENTENCE_END.split(joined) if re.search(r"[a-z]{2}", sentence)]
    return found


def _docstrings(text: str) -> Iterator[Doc]:
    """Yield every string that is a statement of its own: docstrings, and strings below an attribute."""
    for node in ast.walk(ast.parse(text)):
        body = getattr(node, "body", None)
        for statement in body if isinstance(body, list) else []:
            match statement:
                case ast.Expr(value=ast.Constant(value=str(value))):
                    yield Doc(statement.lineno, _dedented(value))


def _dedented(text: str) -> str:
    first, _, rest = text.partition("\n")
    lines = rest.splitlines()
    indents = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    indent = min(indents, default=0)
    return "\n".join([first, *(line[indent:] for line in lines)])


def _unstarred(text: str) -> str:
    return "\n".join(re.sub(r"^\s*\* ?", "", line) for line in text.splitlines()).strip()


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1

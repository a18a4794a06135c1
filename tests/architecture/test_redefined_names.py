"""A module defines each of its names once: the second definition would silently replace the first."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT


def redefined(source: str) -> list[str]:
    """Return the constants, functions and classes that a module defines more than once."""
    counts = Counter(_names(ast.parse(source).body))
    return sorted(name for name, count in counts.items() if count > 1)


def _names(body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Assign(targets=targets):
                for target in targets:
                    yield from (part.id for part in ast.walk(target) if isinstance(part, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name


@pytest.mark.parametrize("folder", ["kernel", "history", "services", "mesh"])
def test_no_module_defines_a_name_twice(folder: str) -> None:
    files: list[Path] = sorted((ROOT / folder).rglob("*.py"))

    assert {str(file.relative_to(ROOT)): names for file in files if (names := redefined(file.read_text()))} == {}


def test_a_name_that_is_defined_twice_is_found() -> None:
    assert redefined("_TTL = 1\ndef f(): ...\n_TTL = 2\n") == ["_TTL"]

"""`make test TESTS=…` installs only what those tests need."""

import re
import subprocess
import sys
from dataclasses import dataclass
from typing import cast

import pytest

from scripts.needs import ORDER, TOOLCHAINS, steps_of
from tests.architecture.sources import ROOT


@dataclass(frozen=True)
class Marked:
    """The marks of a collected test."""

    marks: tuple[pytest.MarkDecorator, ...]

    def iter_markers(self, name: str) -> list[pytest.Mark]:
        return [decorator.mark for decorator in self.marks if decorator.name == name]

    def get_closest_marker(self, name: str) -> pytest.Mark | None:
        return next(iter(self.iter_markers(name)), None)


@pytest.mark.parametrize(
    ("marks", "steps"),
    [
        ((), []),
        ((pytest.mark.toolchain("curl"), pytest.mark.timeout(90)), []),
        ((pytest.mark.toolchain("npm"),), ["node"]),
        ((pytest.mark.toolchain("mvn"), pytest.mark.toolchain("go")), ["go", "java"]),
        ((pytest.mark.toolchain("kustomize"),), ["go", "kustomize"]),
        ((pytest.mark.toolchain("h2spec"),), ["go", "conformance"]),
        ((pytest.mark.toolchain("chromium-headless-shell"),), ["node", "headless", "web"]),
        ((pytest.mark.toolchain("java"),), ["go", "java", "engines"]),
        ((pytest.mark.engines("redis"),), ["go", "java", "engines"]),
    ],
)
def test_a_test_needs_what_its_marks_name(marks: tuple[pytest.MarkDecorator, ...], steps: list[str]) -> None:
    assert steps_of([cast("pytest.Item", Marked(marks))]) == steps


def test_the_marks_of_real_tests_are_found() -> None:
    # One collection for three folders: each takes seconds.
    found = needs("tests/unit/bench", "tests/contract/bus", "tests/web").stdout.split()

    assert found == ["go", "node", "java", "headless", "engines", "web"]


def test_a_file_that_is_missing_is_reported() -> None:
    result = needs("tests/missing.py")

    assert result.returncode != 0
    assert "tests/missing.py" in result.stderr


def needs(*paths: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(ROOT / "scripts/needs.py"), *paths]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)


def test_every_toolchain_that_a_test_names_can_be_installed() -> None:
    marked = set()
    for path in (ROOT / "tests").rglob("*.py"):
        if path.parent.name != "architecture":
            marked |= set(re.findall(r'mark\.toolchain\("([^"]+)"', path.read_text()))

    assert marked <= set(TOOLCHAINS)


def test_every_step_is_known_to_the_script_that_installs_it() -> None:
    toolchains = (ROOT / "scripts/toolchains.sh").read_text()

    assert {step for steps in TOOLCHAINS.values() for step in steps} <= set(ORDER)
    for step in set(ORDER) - {"engines", "web"}:
        assert f"if needs {step};" in toolchains

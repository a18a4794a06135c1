"""Prints the steps that the chosen tests need beside Python: `go`, `node`, `java`, `headless`, `kustomize`,
`conformance`, `proxies`, `engines`, `web`.

Takes the arguments of pytest. Collects the tests without running them, and reads their marks, such as `toolchain("go")`
and `engines`. scripts/prepare_tests.sh installs the printed steps.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

TOOLCHAINS: dict[str, tuple[str, ...]] = {
    "caddy": ("proxies",),
    "chromium-headless-shell": ("node", "headless", "web"),
    "curl": (),
    # Installed with the engines, whose tests cut the power and shift clocks.
    "gcc": ("go", "java", "engines"),
    "go": ("go",),
    "grpc-interop-client": ("go", "conformance"),
    "h2spec": ("go", "conformance"),
    # Java without its compiler is only used to run the engines.
    "java": ("go", "java", "engines"),
    "javac": ("java",),
    "kustomize": ("go", "kustomize"),
    "mvn": ("java",),
    "nginx": ("proxies",),
    "npm": ("node",),
}
"""Command of a `toolchain` mark → steps. Kustomize is built with Go, and the web client, which Chromium opens, with
Node.
"""
ENGINES = ("go", "java", "engines")
"""Steps of the mark `engines`: Maven fetches the jars, and the S3 server is built with Go."""
ORDER = ("go", "node", "java", "headless", "kustomize", "conformance", "proxies", "engines", "web")


class _Collector:
    """A pytest plugin that stores the collected tests."""

    def __init__(self) -> None:
        self.items: list[pytest.Item] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = list(session.items)


def steps_of(items: Iterable[pytest.Item]) -> list[str]:
    """Return the steps that these tests need, in installation order.

    Raise KeyError for a toolchain that TOOLCHAINS does not contain.
    """
    needed: set[str] = set()
    for item in items:
        if item.get_closest_marker("engines"):
            needed.update(ENGINES)
        for mark in item.iter_markers("toolchain"):
            needed.update(TOOLCHAINS[mark.args[0]])
    return [step for step in ORDER if step in needed]


def collect(arguments: Sequence[str]) -> list[pytest.Item]:
    """Return the tests that pytest would run with these arguments. Print its output and exit if collecting fails."""
    collector, printed = _Collector(), io.StringIO()
    with contextlib.redirect_stdout(printed):
        code = pytest.main([*arguments, "--collect-only", "-q", "-n", "0"], plugins=[collector])
    if code not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
        sys.stderr.write(printed.getvalue())
        sys.exit(int(code))
    return collector.items


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    print("\n".join(steps_of(collect(sys.argv[1:]))))

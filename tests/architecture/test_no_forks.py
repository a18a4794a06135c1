"""Nothing forks: gRPC's threads crash in the copy. uvloop forks, `subprocess` only for a `preexec_fn`."""

import ast

import pytest

from tests.architecture.sources import PACKAGES, ROOT

FORKS = {"create_subprocess_exec", "create_subprocess_shell", "fork", "forkpty"}


def forks(source: str) -> list[str]:
    """Return each call that forks."""
    return [
        f"{node.lineno}: {ast.unparse(node.func)}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Attribute) and node.func.attr in FORKS)
            or any(keyword.arg == "preexec_fn" for keyword in node.keywords)
        )
    ]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_package_forks(package: str) -> None:
    files = sorted((ROOT / package).rglob("*.py"))

    assert {str(file): found for file in files if (found := forks(file.read_text()))} == {}


@pytest.mark.parametrize(
    "line", ["os.fork()", "asyncio.create_subprocess_exec('ls')", "subprocess.run([], preexec_fn=prepare)"]
)
def test_a_fork_is_found(line: str) -> None:
    assert len(forks(line)) == 1

"""Runs the client's unit tests in Vitest."""

import re
import subprocess
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.toolchain("npm")
@pytest.mark.timeout(240)
def test_the_unit_tests_of_the_client_pass() -> None:
    run = subprocess.run([_ROOT / "scripts/web.sh", "test"], capture_output=True, text=True, check=False)

    output = _COLOURS.sub("", run.stdout + run.stderr)
    assert run.returncode == 0, output
    assert re.search(r"Tests +\d+ passed \(\d+\)", output), output

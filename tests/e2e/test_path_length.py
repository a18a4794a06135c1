"""The routes of a message through the code stay as short as they are."""

import subprocess
import sys

import pytest

from tests.architecture.sources import ROOT


@pytest.mark.timeout(300)
def test_no_route_is_longer_than_its_limit() -> None:
    command = [sys.executable, str(ROOT / "scripts/path_length.py"), "--strict"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)

    assert run.returncode == 0, run.stdout + run.stderr

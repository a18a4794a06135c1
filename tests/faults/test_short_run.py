"""The promise, as a stranger checks it: one short run on real engines, with its own schedule of faults."""

import subprocess
import sys

import pytest

from tests.faults.programs import ROOT

SEED = "1"
SECONDS = 900


@pytest.mark.toolchain("go")
@pytest.mark.toolchain("java")
@pytest.mark.timeout(SECONDS + 30)
def test_what_is_killed_stopped_and_cut_off_loses_doubles_and_disorders_nothing() -> None:
    command = [sys.executable, "-m", "tests.faults", "--mode", "short", "--seed", SEED]

    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=SECONDS)

    sys.stdout.write(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr

"""The client's own unit tests: the stream, outbox and cache logic over fake transports, in Vitest."""

import re
import subprocess
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.toolchain("npm")
@pytest.mark.timeout(240)
def test_the_units_of_the_client_do_what_they_say() -> None:
    run = subprocess.run([_ROOT / "scripts/web.sh", "test"], capture_output=True, text=True, check=False)

    said = _COLOURS.sub("", run.stdout + run.stderr)
    assert run.returncode == 0, said
    assert re.search(r"Tests +\d+ passed \(\d+\)", said), said

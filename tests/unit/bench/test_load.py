"""The load generator's own tests, written in Go."""

import shutil
import subprocess
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[3]


@pytest.mark.toolchain("go")
@pytest.mark.timeout(300)
def test_the_load_generator_counts_correctly() -> None:
    subprocess.run([_ROOT / "examples" / "build.sh", "go"], check=True, capture_output=True)
    go = shutil.which("go")
    assert go is not None

    done = subprocess.run(
        [go, "-C", _ROOT / "bench" / "load", "test", "."], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr

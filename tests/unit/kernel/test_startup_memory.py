"""Memory after the start."""

import subprocess
import sys

PROGRAM = """
import gc
from kernel.runner import release_startup_memory

def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) // 256

held = [bytearray(50_000) for _ in range(1_000)]
kept = held[::100]
before = resident()
del held
release_startup_memory()
print(before - resident() >= 30, gc.get_freeze_count() > 1_000)
"""


def test_memory_that_only_the_start_needed_is_freed() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["True", "True"]

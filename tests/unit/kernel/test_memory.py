"""Memory at rest: what only the start needed is given back, what stays is not looked through again."""

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


def test_what_the_start_has_left_is_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["True", "True"]

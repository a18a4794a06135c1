"""A shifted clock moves the wall clock of a running process, never the monotonic clock, and waits keep their length."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.deployment.clock import ShiftedClock

_DAY = 24 * 3600
_PROGRAM = """
import ctypes, sys, threading, time
from datetime import UTC, datetime

class Time(ctypes.Structure):
    _fields_ = [("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long)]

# The waits of C11, which the driver of Kafka uses.
libc, condition11, mutex11 = ctypes.CDLL(None), ctypes.create_string_buffer(64), ctypes.create_string_buffer(64)
TIMED = 2
libc.cnd_init(condition11)
libc.mtx_init(mutex11, TIMED)

def soon():
    seconds, rest = divmod(time.time_ns() + 50_000_000, 1_000_000_000)
    return ctypes.byref(Time(seconds, rest))

for _ in sys.stdin:
    began = time.monotonic()
    with (condition := threading.Condition()):
        condition.wait(0.05)
    time.sleep(0.05)
    libc.mtx_lock(mutex11)
    libc.cnd_timedwait(condition11, mutex11, soon())
    libc.mtx_timedlock(mutex11, soon())
    libc.mtx_unlock(mutex11)
    print(time.time(), datetime.now(UTC).timestamp(), time.monotonic(), time.monotonic() - began, flush=True)
"""


@pytest.mark.toolchain("gcc")
def test_a_shift_moves_the_wall_clock_alone(tmp_path: Path) -> None:
    shifts = (0, 60, -60, _DAY, -_DAY, 0)
    clock = ShiftedClock(tmp_path / "part" / "clock")
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM],
        env=dict(clock.environment()),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        read = []
        for shift in shifts:
            clock.shift(shift)
            process.stdin.write("\n")
            process.stdin.flush()
            read.append([float(each) for each in process.stdout.readline().split()])
        process.stdin.close()

    first = read[0]
    for shift, (wall, moment, monotonic, waited) in zip(shifts, read, strict=True):
        assert wall - first[0] == pytest.approx(shift, abs=20)
        assert moment - first[1] == pytest.approx(shift, abs=20)
        assert 0 <= monotonic - first[2] < 20
        assert 0.19 < waited < 5

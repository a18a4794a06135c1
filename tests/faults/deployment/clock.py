"""A wall clock that can be shifted while its process runs. The monotonic clock stays right.

libfaketime 0.9.10 cannot do this: with it, `time.sleep` of Python fails with EINVAL.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.preload import preload_library

_SOURCE = Path(__file__).with_name("clock_shift.c")


@dataclass(frozen=True, slots=True)
class ShiftedClock:
    """The clock of one process: the machine's clock plus a shift, which is zero at first."""

    file: Path

    def environment(self) -> Mapping[str, str]:
        """Create the file, and return the variables that give a process this clock."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_bytes(_packed(0))
        return {"LD_PRELOAD": str(preload_library(_SOURCE)), "CHATLY_CLOCK_SHIFT": str(self.file)}

    def shift(self, seconds: float) -> None:
        """Set the shift; positive: ahead. It takes effect at once, and stays across a restart."""
        # Written in place: the process has mapped the file.
        with self.file.open("r+b") as file:
            file.write(_packed(seconds))


def _packed(seconds: float) -> bytes:
    return struct.pack("q", round(seconds * 1_000_000_000))

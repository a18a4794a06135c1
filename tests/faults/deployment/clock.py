"""A wall clock that can be shifted while its process runs. The monotonic clock stays right.

libfaketime 0.9.10 cannot do this: with it, `time.sleep` of Python fails with EINVAL.
"""

import struct
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_SOURCE = Path(__file__).with_name("clock_shift.c")
_LIBRARY = Path(__file__).parents[3] / ".cache" / "bin" / "clock_shift.so"


@dataclass(frozen=True, slots=True)
class ShiftedClock:
    """The clock of one process: the machine's clock plus a shift, which is zero at first."""

    file: Path

    def environment(self) -> Mapping[str, str]:
        """Create the file, and return the variables that give a process this clock."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_bytes(_packed(0))
        return {"LD_PRELOAD": str(_LIBRARY), "CHATLY_CLOCK_SHIFT": str(self.file)}

    def shift(self, seconds: float) -> None:
        """Set the shift; positive: ahead. It takes effect at once, and stays across a restart."""
        # Written in place: the process has mapped the file.
        with self.file.open("r+b") as file:
            file.write(_packed(seconds))


def build_clock() -> None:
    """Compile the library that shifts clocks."""
    if _LIBRARY.exists() and _LIBRARY.stat().st_mtime > _SOURCE.stat().st_mtime:
        return
    _LIBRARY.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", _LIBRARY, _SOURCE, "-ldl"], check=True)


def _packed(seconds: float) -> bytes:
    return struct.pack("q", round(seconds * 1_000_000_000))

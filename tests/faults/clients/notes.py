"""Writes the entries of a device to the recording at once."""

import time
from dataclasses import dataclass
from typing import IO

from tests.faults.checker.recording import Entry, Kind


@dataclass(frozen=True, slots=True)
class Notes:
    """For one device. Several may share a file."""

    file: IO[str]
    device: str
    user: str

    def write(self, kind: Kind, *, at: float | None = None, **fields: object) -> None:
        when = time.time() if at is None else at
        item = Entry(at=when, kind=kind, device=self.device, user=self.user, **fields)  # type: ignore[arg-type]
        self.file.write(item.line() + "\n")
        self.file.flush()

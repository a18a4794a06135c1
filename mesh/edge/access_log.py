"""Rotation of the edge's access log, which has the address of each client and would fill the disk."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

_PARTS = 8


class AccessLog:
    """Envoy's access log in a folder: `access.log`, and its older parts `access-<UTC time>.log`."""

    def __init__(self, folder: Path, *, days: float, max_bytes: int) -> None:
        """Keep no entry longer than `days`, and about `max_bytes` in all."""
        self.path = folder / "access.log"
        self._longest = timedelta(days=days)
        self._max_bytes = max_bytes

    def rotate(self, now: datetime) -> bool:
        """Rename the log if it is an eighth of the allowed age or size. Return whether it was renamed."""
        is_due = self.path.exists() and (
            self.path.stat().st_size > self._max_bytes / _PARTS or now - _oldest(self.path) > self._longest / _PARTS
        )
        if is_due:
            self.path.rename(self.path.with_name(f"access-{now:%Y%m%dT%H%M%S.%fZ}.log"))
        return is_due

    def remove_old(self, now: datetime) -> None:
        """Delete the parts with entries older than the allowed age, and the oldest parts beyond the allowed size."""
        kept = 0
        for part in self._parts():
            kept += part.stat().st_size
            if kept > self._max_bytes or now - _oldest(part) > self._longest:
                part.unlink()

    def _parts(self) -> Iterator[Path]:
        """Yield the older parts, newest first."""
        yield from sorted(self.path.parent.glob("access-*.log"), reverse=True)


def _oldest(log: Path) -> datetime:
    """Return the time of the first entry, or of the last change if the first line is not an entry."""
    with log.open("rb") as file:
        line = file.readline()
    try:
        return datetime.fromisoformat(json.loads(line)["time"])
    except (ValueError, KeyError, TypeError):
        return datetime.fromtimestamp(log.stat().st_mtime, UTC)

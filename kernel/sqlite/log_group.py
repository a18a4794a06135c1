"""Consumer groups over the SQLite log: one member per machine reads, the others wait."""

import asyncio
import fcntl
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from kernel.log.ports import LogRecord, Resume

_STANDBY_SECONDS = 0.2


class GroupLock:
    """A lock file. One member holds the lock; the operating system releases it when the member's process dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._held = False

    @property
    def held(self) -> bool:
        """Whether this member holds the lock."""
        return self._held

    def open(self) -> None:
        """Create the file without locking it."""
        self._file = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)

    def take(self) -> bool:
        """Try to take the lock, and return whether this member holds it."""
        if self._held or self._file is None:
            return self._held
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        self._held = True
        return True

    def close(self) -> None:
        """Release the lock."""
        if self._file is not None:
            os.close(self._file)
        self._file, self._held = None, False


class GroupLog(Protocol):
    """The methods of the log that a member uses."""

    async def read_each(self, after: Mapping[int, int], *, limit: int, wait: float) -> Sequence[LogRecord]: ...

    async def ends(self) -> Mapping[int, int]: ...

    async def committed(self, group: str) -> Mapping[int, int]: ...

    async def commit(self, group: str, offsets: Mapping[int, int]) -> None: ...


class SqliteLogConsumer:
    """LogConsumer on SQLite. It reads all partitions while it holds the lock of the group, and nothing before."""

    def __init__(self, *, log: GroupLog, group: str, lock: GroupLock, resume: Resume | None) -> None:
        self._log = log
        self._group = group
        self._lock = lock
        self._resume = resume
        self._positions: dict[int, int] | None = None
        self._resumed: dict[int, int] | None = None
        """With `resume`: the offsets that are processed. The group's offsets may belong to records that were lost."""

    async def fetch(self, *, max_records: int, wait: float) -> Sequence[LogRecord]:
        if not self._lock.take():
            await asyncio.sleep(min(wait, _STANDBY_SECONDS))
            return ()
        if self._positions is None:
            self._positions = await self._start_offsets()
        records = await self._log.read_each(self._positions, limit=max_records, wait=wait)
        for record in records:
            # Moved to the end, so that a busy partition does not delay the others.
            self._positions.pop(record.position.partition)
            self._positions[record.position.partition] = record.position.offset
        return records

    async def rewind(self) -> None:
        self._positions = None

    async def _start_offsets(self) -> dict[int, int]:
        if self._resume is None:
            return dict(await self._log.committed(self._group))
        partitions = (await self._log.ends()).keys()
        self._resumed = dict.fromkeys(partitions, -1) | dict(await self._resume(partitions))
        return dict(self._resumed)

    async def commit(self, offsets: Mapping[int, int]) -> None:
        await self._log.commit(self._group, offsets)
        if self._resumed is not None:
            self._resumed.update(offsets)

    async def lag(self) -> Mapping[int, int]:
        if not self._lock.held:
            return {}
        committed = self._resumed or await self._log.committed(self._group)
        return {partition: end - committed[partition] for partition, end in (await self._log.ends()).items()}

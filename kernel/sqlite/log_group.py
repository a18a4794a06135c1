"""Consumer groups over the SQLite log: one member reads, the others of the machine wait for their turn."""

import asyncio
import fcntl
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from kernel.log.ports import LogRecord, Resume

_STANDBY_SECONDS = 0.2


class GroupLock:
    """A lock file: held by one member at a time, and given back by the system when its process dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._held = False

    @property
    def held(self) -> bool:
        """Whether this member has it."""
        return self._held

    def open(self) -> None:
        """Make the file; take no lock yet."""
        self._file = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)

    def take(self) -> bool:
        """Take the lock unless another member has it; whether this one has it now."""
        if self._held or self._file is None:
            return self._held
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        self._held = True
        return True

    def close(self) -> None:
        """Give it back."""
        if self._file is not None:
            os.close(self._file)
        self._file, self._held = None, False


class GroupLog(Protocol):
    """What a member asks of the log."""

    async def read_each(self, after: Mapping[int, int], *, limit: int, wait: float) -> Sequence[LogRecord]: ...

    async def ends(self) -> Mapping[int, int]: ...

    async def committed(self, group: str) -> Mapping[int, int]: ...

    async def commit(self, group: str, offsets: Mapping[int, int]) -> None: ...


class SqliteLogConsumer:
    """LogConsumer that reads every partition while it holds the group's lock, and none before."""

    def __init__(self, *, log: GroupLog, group: str, lock: GroupLock, resume: Resume | None) -> None:
        self._log = log
        self._group = group
        self._lock = lock
        self._resume = resume
        self._positions: dict[int, int] | None = None

    async def fetch(self, *, max_records: int, wait: float) -> Sequence[LogRecord]:
        if not self._lock.take():
            await asyncio.sleep(min(wait, _STANDBY_SECONDS))
            return ()
        if self._positions is None:
            self._positions = await self._beginning()
        records = await self._log.read_each(self._positions, limit=max_records, wait=wait)
        for record in records:
            # To the end of the line, so that a busy partition does not keep the others waiting.
            self._positions.pop(record.position.partition)
            self._positions[record.position.partition] = record.position.offset
        return records

    async def rewind(self) -> None:
        self._positions = None

    async def _beginning(self) -> dict[int, int]:
        if self._resume is None:
            return dict(await self._log.committed(self._group))
        partitions = (await self._log.ends()).keys()
        return dict.fromkeys(partitions, -1) | dict(await self._resume(partitions))

    async def commit(self, offsets: Mapping[int, int]) -> None:
        await self._log.commit(self._group, offsets)

    async def lag(self) -> Mapping[int, int]:
        if not self._lock.held:
            return {}
        committed = await self._log.committed(self._group)
        return {partition: end - committed[partition] for partition, end in (await self._log.ends()).items()}

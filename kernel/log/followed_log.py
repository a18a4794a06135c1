"""The log as a follower reads it that keeps its own position. Applying a record again must change nothing."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from kernel.log.epoch_check import LogCheck, describe_gaps
from kernel.log.epoch_log import EpochConsumer
from kernel.log.epochs import LogEpoch, Ordinals, RecordMark
from kernel.log.ports import LogConsumer, LogReader, LogRecord, OpenConsumer
from kernel.telemetry.logs import logger
from kernel.time import Clock


class LogBookmark(Protocol):
    """The position of a follower. Every method raises `STORE_UNAVAILABLE` if the store does not answer."""

    async def epochs(self) -> Sequence[LogEpoch]:
        """Return the epochs that this follower has seen, the first one first."""
        ...

    async def begin(self, epoch: LogEpoch) -> bool:
        """Record a new epoch. Return False if its number is taken: of several nodes, exactly one succeeds."""
        ...

    async def marks(self) -> Mapping[int, RecordMark]:
        """Return the last applied record of each partition."""
        ...

    async def save(self, records: Sequence[LogRecord]) -> None:
        """Record that these records, whose offsets are ordinals, and all before them are applied."""
        ...


class FollowedLog:
    """Opens a consumer that resumes after the follower's bookmark, and misses nothing if the log loses records.

    When the log is another one, or lacks records that were applied, a new epoch begins: the log is read again from its
    start. Records that the log removed before this follower read them are skipped with a warning, and a new epoch
    begins too.
    """

    def __init__(self, *, log: LogReader, consumer: OpenConsumer, bookmark: LogBookmark, clock: Clock) -> None:
        self._log = log
        self._consumer = consumer
        self._bookmark = _StoredBookmark(bookmark)
        self._clock = clock
        self._check = LogCheck(log=log, store=self._bookmark, clock=clock, reads_again=True)
        self._changing = asyncio.Lock()
        self._ordinals: Ordinals | None = None
        self._logger = logger("log")

    @property
    def ordinals(self) -> Ordinals:
        """The epochs that this process knows. When the epochs change, another object replaces this one."""
        if self._ordinals is None:
            raise RuntimeError("the log is compared with the bookmark first")
        return self._ordinals

    @asynccontextmanager
    async def consumer(self, group: str) -> AsyncIterator[LogConsumer]:
        """Compare the log with the bookmark, and open a member of the group. Offsets of its records are ordinals."""
        await self.check(compare=True)
        member = EpochConsumer(log=self, resume=self._resume, clock=self._clock)
        async with self._consumer(group, resume=member.start) as inner:
            member.inner = inner
            yield member

    async def check(self, *, compare: bool = False) -> None:
        """Begin an epoch if one is due. Raise UNAVAILABLE if the log or the store does not answer."""
        async with self._changing:
            self._replace(await self._check(compare=compare))

    async def refresh(self) -> None:
        """Load the epochs that other nodes have begun."""
        async with self._changing:
            self._replace(Ordinals(await self._bookmark.epochs()))

    async def refuse_gaps(self, partitions: Collection[int]) -> None:
        """Skip the records of these partitions that the log removed before they were read, and begin an epoch."""
        gaps = {each: count for each, count in (await self._check.gaps(self.ordinals)).items() if each in partitions}
        if gaps:
            self._logger.warning("records were removed before they were read", missing=describe_gaps(gaps))
            await self._check.adopt()
            await self.refresh()

    async def save_ends(self) -> None:
        """Do nothing: what a lost log had is reported by the persister."""

    async def ends(self) -> Mapping[int, int]:
        """Return the ordinal of the last record of every partition; -1 where there is none."""
        return {partition: self.ordinals.end(partition, end) for partition, end in (await self._log.ends()).items()}

    async def applied(self) -> Mapping[int, int]:
        """Return the ordinal of the last applied record of each partition."""
        return await self._bookmark.stored()

    def _replace(self, ordinals: Ordinals) -> None:
        if self._ordinals is None or ordinals.epochs != self._ordinals.epochs:
            self._ordinals = ordinals

    async def _resume(self, partitions: Collection[int]) -> Mapping[int, int]:
        return {each: ordinal for each, ordinal in (await self._bookmark.stored()).items() if each in partitions}


class _StoredBookmark:
    """StoredLog over a LogBookmark."""

    def __init__(self, bookmark: LogBookmark) -> None:
        self._bookmark = bookmark
        self.epochs = bookmark.epochs
        self.begin = bookmark.begin
        self.marks = bookmark.marks

    async def stored(self) -> Mapping[int, int]:
        return {partition: mark.ordinal for partition, mark in (await self._bookmark.marks()).items()}

    async def adopt(self) -> None:
        """Do nothing: an operator confirms the epochs of the store."""

    async def ends(self) -> Mapping[int, int]:
        return {}

    async def save_ends(self, ends: Mapping[int, int]) -> None:
        """Do nothing."""

    async def contains(self, record: LogRecord) -> bool:  # noqa: ARG002 - a follower reads such records again
        return False

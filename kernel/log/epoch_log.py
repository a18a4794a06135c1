"""The log with ordinals in place of offsets, for services that compare positions of the log with the store."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from kernel.errors import KernelReason, unavailable
from kernel.log.epoch_check import LogCheck, Overwritten, describe_gaps
from kernel.log.epochs import EPOCH_MASK, Ordinals, StoredLog, epoch_of, offset_of
from kernel.log.ports import EventLog, LogConsumer, LogPosition, LogReader, LogRecord, OpenConsumer, Resume
from kernel.retry import is_unavailable
from kernel.telemetry.logs import logger
from kernel.telemetry.metrics import gauge
from kernel.time import Clock

WATCH_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _View:
    """The log as this process knows it. `highest`: the largest known ordinal of each partition."""

    ordinals: Ordinals
    highest: Mapping[int, int]


class EpochLog:
    """EventLog, LogReader and OpenConsumer over another log, with ordinals in place of its offsets.

    It detects a loss of records at the start, before it reads a batch, and when an append gets an offset that was in
    use.
    """

    def __init__(
        self,
        *,
        log: EventLog,
        reader: LogReader,
        consumer: OpenConsumer,
        store: StoredLog,
        ordinals: Ordinals,
        clock: Clock,
    ) -> None:
        self._log = log
        self._reader = reader
        self._consumer = consumer
        self._store = store
        self._check = LogCheck(log=reader, store=store, clock=clock)
        self._clock = clock
        self._changing = asyncio.Lock()
        self._view = _View(ordinals, {})
        self._epoch = gauge("chatly_log_epoch", "Number of the log's epoch.")
        self._unadopted = gauge("chatly_log_unadopted_epochs", "Epochs that no operator has confirmed (`chatly log`).")
        self._missing = gauge("chatly_log_missing_records", "Records the log removed before they were stored.")
        self._show(ordinals)

    @property
    def ordinals(self) -> Ordinals:
        """The epochs that this process knows. When the epochs change, another object replaces this one."""
        return self._view.ordinals

    @property
    def identity(self) -> str:
        """The identity of the newest epoch, which cursors contain."""
        return self._view.ordinals.epochs[-1].identity

    async def knows(self, identity: str, offsets: Mapping[int, int]) -> bool:
        """Return whether these ordinals, from the epoch with this identity, can be compared with this log's."""
        if not self._has(identity, offsets):
            await self.refresh()
        return self._has(identity, offsets)

    async def stored_offsets(self) -> Mapping[int, int]:
        """Return the offset in the present log up to which the store has each partition; nothing or -1 for none."""
        stored = await self._store.stored()
        await self.refresh()
        ordinals = self.ordinals
        return {partition: ordinals.offset_after(partition, ordinal) for partition, ordinal in stored.items()}

    async def append(self, key: str, value: bytes) -> LogPosition:
        # Taken before the append: a log that lost nothing gives the new record a larger offset than any in this view.
        view = self._view
        found = await self._log.append(key, value)
        known = view.highest.get(found.partition)
        if known is None or view.ordinals is not self._view.ordinals:
            return await self._find_epoch(found, view)
        ordinal = known & EPOCH_MASK | found.offset
        if ordinal <= known:
            return await self._find_epoch(found, view)
        highest = self._view.highest
        if ordinal > highest.get(found.partition, -1):
            self._view = _View(view.ordinals, {**highest, found.partition: ordinal})
        return LogPosition(found.partition, ordinal)

    async def read(self, partition: int, *, after: int, limit: int, wait: float = 0.0) -> Sequence[LogRecord]:
        if epoch_of(after) > self.ordinals.number:
            await self.refresh()
        offset = self.ordinals.offset_after(partition, after)
        return self.ordinals.with_ordinals(await self._reader.read(partition, after=offset, limit=limit, wait=wait))

    async def ends(self) -> Mapping[int, int]:
        found = await self._reader.ends()
        return {partition: self.ordinals.end(partition, offset) for partition, offset in found.items()}

    async def begins(self) -> Mapping[int, int]:
        found = await self._reader.begins()
        return {
            partition: self.ordinals.of(LogPosition(partition, offset)).offset for partition, offset in found.items()
        }

    async def log_id(self) -> str:
        """Return the identity of the first epoch. It never changes, because positions of all epochs can be compared."""
        return self.ordinals.epochs[0].identity

    async def identify(self) -> str:
        await self._reader.identify()
        return await self.log_id()

    @asynccontextmanager
    async def consumer(self, group: str, *, resume: Resume | None = None) -> AsyncIterator[LogConsumer]:
        """Open a member of a group that copies the log into the store. `resume` returns the stored ordinals."""
        member = EpochConsumer(log=self, resume=resume, clock=self._clock)
        async with self._consumer(group, resume=member.start) as inner:
            member.inner = inner
            yield member

    async def refresh(self) -> None:
        """Load the epochs that other nodes have begun."""
        async with self._changing:
            epochs = await self._store.epochs()
            if tuple(epochs) != self.ordinals.epochs:
                self._replace(Ordinals(epochs))

    async def check(self, *, compare: bool = False) -> None:
        """Compare the log with the store, and begin an epoch if one is due.

        Raise UNAVAILABLE if the log or the store does not answer.
        """
        await self._run_check(compare=compare)

    async def refuse_gaps(self, partitions: Collection[int]) -> None:
        """Raise UNAVAILABLE if the log has removed records of these partitions that are not stored."""
        gaps = {each: count for each, count in (await self._check.gaps(self.ordinals)).items() if each in partitions}
        self._missing.set(sum(gaps.values()))
        if gaps:
            raise unavailable(
                KernelReason.LOG_UNAVAILABLE,
                f"the log has removed records that are not stored: {describe_gaps(gaps)}."
                " Restore them, or run `chatly log adopt` to continue without them",
            )

    async def unadopted(self) -> str | None:
        """Describe the records that may be missing. Return None once an operator has confirmed all epochs."""
        return "; ".join(epoch.detail for epoch in self.ordinals.epochs if not epoch.adopted) or None

    async def save_ends(self) -> None:
        """Record the last ordinal of each partition in the store, so that a later loss can be counted."""
        ends = {partition: end for partition, end in (await self.ends()).items() if end >= 0}
        if ends != await self._store.ends():
            await self._store.save_ends(ends)

    async def watch(self) -> None:
        """Load the epochs of other nodes and the stored ordinals once a second, until cancelled."""
        while True:
            try:
                await self.refresh()
                self._learn(await self._store.stored())
            except Exception as error:
                if not is_unavailable(error):
                    raise
            await asyncio.sleep(WATCH_SECONDS)

    def _has(self, identity: str, offsets: Mapping[int, int]) -> bool:
        ordinals = self.ordinals
        return ordinals.resumable(identity) and all(epoch_of(each) <= ordinals.number for each in offsets.values())

    async def _run_check(self, *, overwritten: Overwritten | None = None, compare: bool = False) -> None:
        async with self._changing:
            ordinals = await self._check(overwritten=overwritten, compare=compare)
            if ordinals.epochs != self.ordinals.epochs:
                self._replace(ordinals)

    async def _find_epoch(self, position: LogPosition, view: _View) -> LogPosition:
        """Return the ordinal of an appended record.

        `append` calls it for the first known record of a partition, after a change of epochs, and if the offset was in
        use.
        """
        partition, offset = position.partition, position.offset
        if offset <= offset_of(view.highest.get(partition, -1)) or offset < view.ordinals.start(partition):
            await self._run_check(overwritten=Overwritten(position, view.ordinals.number))
        ordinals = self._view.ordinals
        placed = ordinals.of(position)
        if placed.offset > self._view.highest.get(partition, -1):
            self._view = _View(ordinals, {**self._view.highest, partition: placed.offset})
        return placed

    def _learn(self, stored: Mapping[int, int]) -> None:
        """Raise `highest` to the stored ordinals of the newest epochs."""
        ordinals, highest = self._view.ordinals, dict(self._view.highest)
        for partition, ordinal in stored.items():
            # An ordinal of an earlier epoch says nothing about the offsets of the newest one.
            if ordinals.is_newest(partition, ordinal):
                highest[partition] = max(ordinal, highest.get(partition, -1))
        self._view = _View(ordinals, highest)

    def _replace(self, ordinals: Ordinals) -> None:
        logger("log").info("the log has another epoch", epoch=ordinals.number)
        highest = {
            partition: ordinal
            for partition, ordinal in self._view.highest.items()
            if ordinals.is_newest(partition, ordinal)
        }
        self._view = _View(ordinals, highest)
        self._show(ordinals)

    def _show(self, ordinals: Ordinals) -> None:
        self._epoch.set(ordinals.number)
        self._unadopted.set(sum(not epoch.adopted for epoch in ordinals.epochs))


class CheckedLog(Protocol):
    """The methods of the log that its consumer uses: see EpochLog."""

    @property
    def ordinals(self) -> Ordinals: ...

    async def check(self, *, compare: bool = False) -> None: ...

    async def refresh(self) -> None: ...

    async def refuse_gaps(self, partitions: Collection[int]) -> None: ...

    async def save_ends(self) -> None: ...


class EpochConsumer:
    """LogConsumer of a log with epochs. When the epochs change, it reads again from the stored ordinals."""

    inner: LogConsumer

    def __init__(self, *, log: CheckedLog, resume: Resume | None, clock: Clock) -> None:
        self._log = log
        self._resume = resume
        self._clock = clock
        self._check_at = clock.monotonic()
        self._ordinals = log.ordinals
        self._next: dict[int, int] = {}
        """Offset of the next record of each partition."""
        self._started: set[int] = set()
        """Partitions of which no record was read since `start`: the offset of their first record may exceed `_next`."""

    async def start(self, partitions: Collection[int]) -> Mapping[int, int]:
        """Start to read these partitions, and return the offsets after which the log continues the store.

        The underlying consumer uses this method as its `Resume`.
        """
        await self._log.check(compare=True)
        stored = await self._resume(partitions) if self._resume else {}
        await self._log.refuse_gaps(partitions)
        ordinals = self._ordinals = self._log.ordinals
        after = {partition: ordinals.offset_after(partition, stored.get(partition, -1)) for partition in partitions}
        self._next.update((partition, offset + 1) for partition, offset in after.items())
        self._started.update(after)
        return after

    async def fetch(self, *, max_records: int, wait: float) -> Sequence[LogRecord]:
        await self._check_if_due()
        if self._ordinals is not self._log.ordinals:
            await self.rewind()
        records = await self.inner.fetch(max_records=max_records, wait=wait)
        try:
            accepted = await self._accept(records)
        except BaseException:
            # The next fetch must return the same records.
            await self.rewind()
            raise
        if not accepted:
            await self.rewind()
            return ()
        return self._log.ordinals.with_ordinals(records)

    async def rewind(self) -> None:
        self._ordinals = self._log.ordinals
        await self.inner.rewind()

    async def commit(self, offsets: Mapping[int, int]) -> None:
        await self.inner.commit({partition: offset_of(ordinal) for partition, ordinal in offsets.items()})

    async def lag(self) -> Mapping[int, int]:
        return await self.inner.lag()

    async def _check_if_due(self) -> None:
        if self._clock.monotonic() < self._check_at:
            return
        await self._log.check()
        await self._log.save_ends()
        self._check_at = self._clock.monotonic() + WATCH_SECONDS

    async def _accept(self, records: Sequence[LogRecord]) -> bool:
        """Return whether the records directly follow the earlier records, in the epochs that this member knows."""
        if records:
            # If these records overwrite others, the node that appended them has begun an epoch.
            await self._log.refresh()
        if self._ordinals is not self._log.ordinals:
            return False
        following, started = dict(self._next), set(self._started)
        for record in records:
            partition, offset = record.position.partition, record.position.offset
            if offset < following.get(partition, 0):
                await self._log.check(compare=True)
                return False
            if offset > following.get(partition, 0):
                await self._log.refuse_gaps([partition])
                if partition not in started:
                    return False
            following[partition] = offset + 1
            started.discard(partition)
        self._next, self._started = following, started
        return True

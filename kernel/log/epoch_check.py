"""Compares the log with the store: begins epochs, and finds records that the log removed before they were stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4

from kernel.errors import ChatlyError, KernelReason, unavailable
from kernel.log.epochs import MAX_EPOCH, EpochCause, LogEpoch, Ordinals, StoredLog, record_hash
from kernel.log.ports import LogPosition, LogReader, LogRecord
from kernel.telemetry.logs import logger
from kernel.telemetry.metrics import counter
from kernel.time import Clock

_ATTEMPTS = 5
_CHUNK = 100


@dataclass(frozen=True, slots=True)
class Overwritten:
    """Proof that the log lost records: a new record got an offset that an earlier record of the same epoch had."""

    position: LogPosition
    epoch: int


class LogCheck:
    """Begins an epoch when the log is another one, or when the log lacks stored records.

    An epoch may start too early: records in it that are already stored are recognized by their event ids. It never
    starts too late: every record that was appended after the loss belongs to the new epoch.
    """

    def __init__(self, *, log: LogReader, store: StoredLog, clock: Clock, reads_again: bool = False) -> None:
        """`reads_again`: an epoch of a log that was cut begins at the start of the log, whatever the store has."""
        self._reads_again = reads_again
        self._log = log
        self._store = store
        self._clock = clock
        self._logger = logger("log")
        self._begun = counter("chatly_log_epochs_begun_total", "Epochs of the log that this process began.", ["cause"])

    async def __call__(self, *, overwritten: Overwritten | None = None, compare: bool = False) -> Ordinals:
        """Begin an epoch if one is due, and return the ordinals of the log as it is now.

        `compare`: also compare the last stored record of each partition with the log, and ask the log for its identity
        again. This finds a log that was cut and has grown past the stored records since then.
        """
        for _ in range(_ATTEMPTS):
            epochs = await self._store.epochs()
            new = await self._new_epoch(epochs, overwritten, compare=compare)
            if new is None:
                return Ordinals(epochs)
            if await self._store.begin(new):
                self._report(new)
        raise _changing()

    async def due(self) -> LogEpoch | None:
        """Compare the log with the store. Return the epoch that `__call__` would begin, or None."""
        return await self._new_epoch(await self._store.epochs(), None, compare=True)

    async def gaps(self, ordinals: Ordinals) -> Mapping[int, int]:
        """Return, per partition, the number of records that the log removed before they were stored."""
        stored, begins = await self._store.stored(), await self._log.begins()
        gaps: dict[int, int] = {}
        for partition, begin in begins.items():
            expected = ordinals.offset_after(partition, stored.get(partition, -1)) + 1
            missing = begin - max(expected, ordinals.adopted_start(partition))
            if missing > 0:
                gaps[partition] = missing
        return gaps

    async def adopt(self) -> Sequence[LogEpoch]:
        """Confirm all epochs, and give up the records of all gaps. Return the epochs that were not confirmed before."""
        ordinals = await self(compare=True)
        open_epochs = [epoch for epoch in ordinals.epochs if not epoch.adopted]
        if gaps := await self.gaps(ordinals):
            begins = await self._log.begins()
            gap = self._epoch(
                ordinals.number + 1,
                ordinals.log_id,
                EpochCause.ADOPTED_GAP,
                starts={partition: begins[partition] for partition in gaps},
                detail=f"given up: {describe_gaps(gaps)}",
            )
            await self._store.begin(gap)
            open_epochs.append(gap)
        await self._store.adopt()
        return open_epochs

    async def restored(self) -> LogEpoch:
        """Begin an epoch after the store, or log and store, were restored from a backup, and return it.

        The restored log gives new records the offsets of records that were appended after the backup and are lost. The
        comparison with the store cannot show this, because the store is as old. The epoch gives new records other
        ordinals, and clients with a cursor from before the restore get `resync`. Call this before anything is appended.
        """
        for _ in range(_ATTEMPTS):
            ordinals = await self(compare=True)
            ends = await self._log.ends()
            epoch = self._epoch(
                ordinals.number + 1,
                ordinals.log_id,
                EpochCause.RESTORED,
                starts={partition: end + 1 for partition, end in ends.items()},
                detail="restored from a backup; records that the restored log does not have are missing",
                adopted=True,
            )
            if await self._store.begin(epoch):
                self._report(epoch)
                return epoch
        raise _changing()

    async def _new_epoch(
        self, epochs: Sequence[LogEpoch], overwritten: Overwritten | None, *, compare: bool
    ) -> LogEpoch | None:
        if not epochs:
            log_id = await self._log.log_id()
            return LogEpoch(number=0, log_id=log_id, identity=log_id, begun_at=self._now(), adopted=True)
        ordinals = Ordinals(epochs)
        # Read the store before the log: unless the log lost records, it has all records that are stored by now.
        stored = await self._store.stored()
        cut = await self._cut(ordinals, stored, compare=compare)
        if overwritten and _is_unexplained(overwritten, ordinals):
            partition, offset = overwritten.position.partition, overwritten.position.offset
            cut[partition] = min(offset - 1, cut.get(partition, offset))
        log_id = await (self._log.identify() if cut or compare else self._log.log_id())
        if log_id != ordinals.log_id:
            return self._epoch(
                ordinals.number + 1, log_id, EpochCause.OTHER_LOG, detail=await self._describe_other(ordinals, stored)
            )
        if not cut:
            return None
        starts = {
            partition: await self._first_new(partition, offset, ordinals, stored) for partition, offset in cut.items()
        }
        detail = await self._describe_cut(ordinals, starts, stored)
        return self._epoch(ordinals.number + 1, log_id, EpochCause.SHORTER_LOG, starts=starts, detail=detail)

    async def _cut(self, ordinals: Ordinals, stored: Mapping[int, int], *, compare: bool) -> dict[int, int]:
        """Return the partitions that lost stored records, each with the last offset that may hold an old record."""
        ends = await self._log.ends()
        cut: dict[int, int] = {}
        marks = await self._store.marks() if compare else {}
        for partition, ordinal in stored.items():
            end = ends.get(partition)
            if end is None:
                continue
            last = ordinals.offset_after(partition, ordinal)
            if last > end:
                cut[partition] = end
            elif last >= 0 and (mark := marks.get(partition)) and mark.ordinal == ordinal:
                if not ordinals.is_current(partition, ordinal):
                    continue
                records = await self._log.read(partition, after=last - 1, limit=1)
                if records and records[0].position.offset == last and record_hash(records[0].value) != mark.value_hash:
                    cut[partition] = last - 1
        return cut

    async def _first_new(self, partition: int, offset: int, ordinals: Ordinals, stored: Mapping[int, int]) -> int:
        """Return the offset after the last record, at or below `offset`, that is the same in the log and the store.

        If there is no such record, return the offset of the first record in the log.
        """
        begin = (await self._log.begins()).get(partition, 0)
        if self._reads_again:
            return begin
        offset = min(offset, ordinals.offset_after(partition, stored.get(partition, -1)))
        while offset >= begin:
            after = max(begin, offset - _CHUNK + 1) - 1
            records = await self._log.read(partition, after=after, limit=_CHUNK)
            for record in reversed([each for each in records if each.position.offset <= offset]):
                if await self._store.contains(LogRecord(ordinals.of(record.position), record.key, record.value)):
                    return record.position.offset + 1
            offset = after
        return begin

    def _epoch(
        self,
        number: int,
        log_id: str,
        cause: EpochCause,
        *,
        detail: str,
        starts: Mapping[int, int] | None = None,
        adopted: bool = False,
    ) -> LogEpoch:
        if number > MAX_EPOCH:
            raise unavailable(KernelReason.LOG_UNAVAILABLE, f"the log has had {MAX_EPOCH} epochs, there are no more")
        return LogEpoch(
            number=number,
            log_id=log_id,
            identity=uuid4().hex,
            starts=starts or {},
            cause=cause,
            detail=detail,
            begun_at=self._now(),
            adopted=adopted,
        )

    def _now(self) -> float:
        return self._clock.now().timestamp()

    async def _describe_other(self, ordinals: Ordinals, stored: Mapping[int, int]) -> str:
        return (
            f"the log was replaced by another one; {_missing(_not_stored(ordinals, await self._store.ends(), stored))}"
        )

    async def _describe_cut(self, ordinals: Ordinals, starts: Mapping[int, int], stored: Mapping[int, int]) -> str:
        ends = await self._store.ends()
        kept = sum(
            max(0, ordinals.offset_after(partition, stored.get(partition, -1)) - start + 1)
            for partition, start in starts.items()
        )
        missing = _not_stored(ordinals, {each: ends[each] for each in starts if each in ends}, stored)
        where = ", ".join(f"partition {partition} from offset {start}" for partition, start in sorted(starts.items()))
        return f"the log lost its last records ({where}); {kept} of them are stored; {_missing(missing)}"

    def _report(self, epoch: LogEpoch) -> None:
        self._begun.labels(epoch.cause).inc()
        if epoch.cause is EpochCause.FIRST:
            self._logger.info("the store follows this log", log_id=epoch.log_id)
        else:
            self._logger.warning(
                "a new epoch of the log begins", epoch=epoch.number, log_id=epoch.log_id, detail=epoch.detail
            )


def _changing() -> ChatlyError:
    return unavailable(KernelReason.LOG_UNAVAILABLE, "the log changes while it is compared with the store")


def describe_gaps(gaps: Mapping[int, int]) -> str:
    """Return the missing records as text."""
    return ", ".join(f"{count} records of partition {partition}" for partition, count in sorted(gaps.items()))


def _is_unexplained(overwritten: Overwritten, ordinals: Ordinals) -> bool:
    """Return whether no epoch that began after the append covers the overwritten offset."""
    position = overwritten.position
    return overwritten.epoch == ordinals.number or position.offset < ordinals.start(position.partition)


def _not_stored(ordinals: Ordinals, ends: Mapping[int, int], stored: Mapping[int, int]) -> int:
    """Return the number of records that the log had at the last `save_ends` and that are not stored."""
    return sum(
        max(0, ordinals.offset_after(partition, end) - ordinals.offset_after(partition, stored.get(partition, -1)))
        for partition, end in ends.items()
    )


def _missing(count: int) -> str:
    return f"at least {count} were not stored and are missing" if count else "as far as is known, all were stored"

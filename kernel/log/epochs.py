"""Epochs of the log, and ordinals, which make positions in several logs comparable. Pure.

An ordinal is one number made of an epoch and an offset, with the epoch in the higher bits. It takes the place of the
offset in every position outside of the log. So positions of a later epoch are larger than all positions of an earlier
epoch.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from typing import Protocol

from kernel.log.ports import LogPosition, LogRecord

OFFSET_BITS = 40
MAX_EPOCH = (1 << 12) - 1
"""Keeps ordinals below 2^52: Redis stores them exactly, and Cassandra's write timestamps can hold twice as much."""
_OFFSET = (1 << OFFSET_BITS) - 1
EPOCH_MASK = ~_OFFSET
"""The bits of an ordinal above its offset."""


def epoch_of(ordinal: int) -> int:
    """Return the epoch of an ordinal; 0 for -1, which means no record."""
    return max(0, ordinal >> OFFSET_BITS)


def offset_of(ordinal: int) -> int:
    """Return the offset of an ordinal; -1 for -1."""
    return -1 if ordinal < 0 else ordinal & _OFFSET


def offsets_of(ordinals: Mapping[int, int]) -> Mapping[int, int]:
    """Return the offset of each partition's ordinal."""
    return {partition: offset_of(ordinal) for partition, ordinal in ordinals.items()}


def covers(positions: Mapping[int, int], others: Mapping[int, int]) -> bool:
    """Return whether `positions` are at or above `others` in every partition; both are offsets, or both ordinals."""
    return all(positions.get(partition, -1) >= other for partition, other in others.items())


def records_between(stored: int, end: int) -> int:
    """Return the number of records after the ordinal `stored`, up to the ordinal `end`.

    If `end` belongs to another epoch, count all offsets of that epoch from 0.
    """
    return max(0, end - stored) if epoch_of(end) == epoch_of(stored) else offset_of(end) + 1


def record_hash(value: bytes) -> bytes:
    """Return a short hash by which a record is recognized."""
    return blake2b(value, digest_size=8).digest()


class EpochCause(StrEnum):
    """Why an epoch began."""

    FIRST = "first"
    OTHER_LOG = "other log"
    SHORTER_LOG = "shorter log"
    ADOPTED_GAP = "adopted gap"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEpoch:
    """One log, or one part of a log, as the store has read it."""

    number: int
    log_id: str
    identity: str
    """The identity of the epoch, which cursors contain. The first epoch has the id of its log."""
    starts: Mapping[int, int] = field(default_factory=dict)
    """The first offset of the epoch, by partition.

    If the log is the same as before, the other partitions stay in their epoch. In another log, they start at 0.
    """
    cause: EpochCause = EpochCause.FIRST
    detail: str = ""
    """Describes the records that may be missing."""
    begun_at: float = 0.0
    """Seconds since 1970."""
    adopted: bool = False
    """Whether an operator has confirmed the epoch, or need not confirm it."""


@dataclass(frozen=True, slots=True)
class RecordMark:
    """The last stored record of a partition: its ordinal and its `record_hash`."""

    ordinal: int
    value_hash: bytes


class StoredLog(Protocol):
    """The store's knowledge of the log. Every method raises `STORE_UNAVAILABLE` if the store does not answer."""

    async def epochs(self) -> Sequence[LogEpoch]:
        """Return all epochs, the first one first. The result is empty if the store has not read a log yet."""
        ...

    async def begin(self, epoch: LogEpoch) -> bool:
        """Record a new epoch. Return False if its number is taken: of several nodes, exactly one succeeds."""
        ...

    async def adopt(self) -> None:
        """Mark all epochs as confirmed by an operator."""
        ...

    async def stored(self) -> Mapping[int, int]:
        """Return the ordinal up to which each partition is stored. Partitions without stored records are left out."""
        ...

    async def marks(self) -> Mapping[int, RecordMark]:
        """Return the mark of the last stored record of each partition."""
        ...

    async def ends(self) -> Mapping[int, int]:
        """Return the ordinals that `save_ends` recorded."""
        ...

    async def save_ends(self, ends: Mapping[int, int]) -> None:
        """Record the ordinal of the last record of each partition in the log."""
        ...

    async def contains(self, record: LogRecord) -> bool:
        """Return whether the event of this record is stored at the ordinal of its position."""
        ...


class Ordinals:
    """Converts between offsets of the current log and ordinals."""

    def __init__(self, epochs: Sequence[LogEpoch]) -> None:
        """`epochs`: at least one, the first one first."""
        self.epochs = tuple(epochs)
        self.number = epochs[-1].number
        self.log_id = epochs[-1].log_id
        self._of_this_log = _last_run(epochs)
        self._segments: dict[int, tuple[tuple[int, int], ...]] = {}

    def of(self, position: LogPosition) -> LogPosition:
        """Return the position with the ordinal in place of the offset."""
        start, epoch = self._segments_of(position.partition)[-1]
        if position.offset < start:
            epoch = self._epoch_at(position)
        return LogPosition(position.partition, epoch << OFFSET_BITS | position.offset)

    def with_ordinals(self, records: Iterable[LogRecord]) -> list[LogRecord]:
        """Return the records with ordinals in place of their offsets."""
        return [LogRecord(self.of(each.position), each.key, each.value, each.appended_at) for each in records]

    def is_current(self, partition: int, ordinal: int) -> bool:
        """Return whether the offset of this ordinal has the same epoch in the current log."""
        return self.of(LogPosition(partition, offset_of(ordinal))).offset == ordinal

    def end(self, partition: int, offset: int) -> int:
        """Return the ordinal of the last record of a partition, which has this offset; -1 for -1."""
        return -1 if offset < 0 else self.of(LogPosition(partition, offset)).offset

    def start(self, partition: int) -> int:
        """Return the first offset of the partition's newest epoch."""
        return self._segments_of(partition)[-1][0]

    def is_newest(self, partition: int, ordinal: int) -> bool:
        """Return whether this ordinal belongs to the partition's newest epoch in the current log."""
        return offset_of(ordinal) >= self.start(partition) and self.is_current(partition, ordinal)

    def floors(self, partitions: Iterable[int]) -> Mapping[int, int]:
        """Return the last ordinal before the newest loss in each partition.

        Every record up to this ordinal is stored, or is lost. Partitions that are still in epoch 0 are left out.
        """
        restored = {epoch.number for epoch in self._of_this_log if epoch.cause is EpochCause.RESTORED}
        newest = {
            # The records before a restored epoch are in the log, and perhaps not stored yet.
            partition: [part for part in self._segments_of(partition) if part[1] not in restored][-1:]
            for partition in partitions
        }
        return {
            partition: (epoch << OFFSET_BITS | start) - 1
            for partition, parts in newest.items()
            for start, epoch in parts
            if epoch > 0
        }

    def offset_after(self, partition: int, ordinal: int) -> int:
        """Return the offset after which this log continues if everything up to `ordinal` is stored."""
        epoch, offset = epoch_of(ordinal), offset_of(ordinal)
        segments = self._segments_of(partition)
        after = segments[0][0] - 1
        ends = [start - 1 for start, _ in segments[1:]]
        for (_, number), end in zip(segments, [*ends, _OFFSET], strict=True):
            if number == epoch:
                return max(after, min(offset, end))
            if number > epoch:
                break
            after = end
        return after

    def resumable(self, identity: str) -> bool:
        """Return whether cursors of the epoch with this identity can resume.

        After a restore, earlier cursors may be ahead of the log: their offsets are given to other records.
        """
        restored = (index for index, epoch in enumerate(self.epochs) if epoch.cause is EpochCause.RESTORED)
        return any(epoch.identity == identity for epoch in self.epochs[max(restored, default=0) :])

    def adopted_start(self, partition: int) -> int:
        """Return the offset before which an operator has given up missing records; 0 if there is none."""
        gaps = (each.starts.get(partition, 0) for each in self._of_this_log if each.cause is EpochCause.ADOPTED_GAP)
        return max(gaps, default=0)

    def _epoch_at(self, position: LogPosition) -> int:
        segments = self._segments_of(position.partition)
        return next((epoch for start, epoch in reversed(segments) if position.offset >= start), segments[0][1])

    def _segments_of(self, partition: int) -> tuple[tuple[int, int], ...]:
        """Return the first offset and the epoch of each part of this log, in order."""
        if (known := self._segments.get(partition)) is not None:
            return known
        first, *later = self._of_this_log
        parts = [(first.starts.get(partition, 0), first.number)]
        parts += [(epoch.starts[partition], epoch.number) for epoch in later if partition in epoch.starts]
        # If the log was cut again, below the start of an epoch, no record of that epoch is left.
        kept = [part for index, part in enumerate(parts) if all(part[0] < after[0] for after in parts[index + 1 :])]
        self._segments[partition] = tuple(kept)
        return self._segments[partition]


def _last_run(epochs: Sequence[LogEpoch]) -> Sequence[LogEpoch]:
    """Return the last epochs that belong to the same log."""
    first = len(epochs) - 1
    while epochs[first].cause is not EpochCause.OTHER_LOG and first > 0:
        first -= 1
    return epochs[first:]

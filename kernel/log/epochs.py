"""Epochs of the log: which log the store has read, and ordinals that compare positions of several logs. Pure.

An ordinal is an offset with its epoch in front. It takes the place of the offset in every position outside of the log,
so that positions of a later epoch are larger than all positions of an earlier one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from typing import Protocol

from kernel.log.ports import LogPosition, LogRecord

OFFSET_BITS = 40
MAX_EPOCH = (1 << 12) - 1
"""Ordinals stay below 2^52: Redis keeps them exactly, and Cassandra's write timestamps have room for twice as much."""
_OFFSET = (1 << OFFSET_BITS) - 1
EPOCH_MASK = ~_OFFSET
"""The bits of an ordinal above its offset."""


def epoch_of(ordinal: int) -> int:
    """Return the epoch of an ordinal; 0 for -1, which means no record."""
    return max(0, ordinal >> OFFSET_BITS)


def offset_of(ordinal: int) -> int:
    """Return the offset in its log; -1 for -1."""
    return -1 if ordinal < 0 else ordinal & _OFFSET


def records_between(stored: int, end: int) -> int:
    """Return how many records lie after one ordinal, up to another; of a later epoch, count all offsets from 0."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEpoch:
    """One log, or one part of it, as the store has read it."""

    number: int
    log_id: str
    identity: str
    """Names the epoch in cursors. The first epoch has the name of its log."""
    starts: Mapping[int, int] = field(default_factory=dict)
    """Partition → first offset. Other partitions stay in their epoch; those of another log start at 0."""
    cause: EpochCause = EpochCause.FIRST
    detail: str = ""
    """Which records may be missing."""
    begun_at: float = 0.0
    """Seconds since 1970."""
    adopted: bool = False
    """Whether an operator has confirmed it, or need not."""


@dataclass(frozen=True, slots=True)
class RecordMark:
    """The record that was stored last: its ordinal and `record_hash`."""

    ordinal: int
    value_hash: bytes


class StoredLog(Protocol):
    """The store's knowledge of the log. Every method raises `STORE_UNAVAILABLE` if it does not answer."""

    async def epochs(self) -> Sequence[LogEpoch]:
        """Return all epochs, the first one first; empty for a store that no log has been read into."""
        ...

    async def begin(self, epoch: LogEpoch) -> bool:
        """Record a new epoch; return False if its number is taken. Of several nodes exactly one succeeds."""
        ...

    async def adopt(self) -> None:
        """Mark all epochs as confirmed by an operator."""
        ...

    async def stored(self) -> Mapping[int, int]:
        """Return the stored ordinal of each partition; partitions without one are left out."""
        ...

    async def marks(self) -> Mapping[int, RecordMark]:
        """Return the record that was stored last in each partition."""
        ...

    async def ends(self) -> Mapping[int, int]:
        """Return the ordinals that `save_ends` recorded."""
        ...

    async def save_ends(self, ends: Mapping[int, int]) -> None:
        """Record the ordinal of the last record that the log had."""
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
        """Return a position of the log with its ordinal."""
        start, epoch = self._segments_of(position.partition)[-1]
        if position.offset < start:
            epoch = self._epoch_at(position)
        return LogPosition(position.partition, epoch << OFFSET_BITS | position.offset)

    def end(self, partition: int, offset: int) -> int:
        """Return the ordinal of the last record of a partition; -1 stays -1."""
        return -1 if offset < 0 else self.of(LogPosition(partition, offset)).offset

    def start(self, partition: int) -> int:
        """Return the first offset of the partition's newest epoch."""
        return self._segments_of(partition)[-1][0]

    def floors(self, partitions: Iterable[int]) -> Mapping[int, int]:
        """Return the last ordinal below the newest epoch of each partition: up to it all is stored, or is lost."""
        newest = {partition: self._segments_of(partition)[-1] for partition in partitions}
        return {
            partition: (epoch << OFFSET_BITS | start) - 1 for partition, (start, epoch) in newest.items() if epoch > 0
        }

    def offset_after(self, partition: int, ordinal: int) -> int:
        """Return the offset after which this log continues what is stored up to `ordinal`."""
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

    def adopted_start(self, partition: int) -> int:
        """Return the offset below which an operator has given up missing records."""
        gaps = (each.starts.get(partition, 0) for each in self._of_this_log if each.cause is EpochCause.ADOPTED_GAP)
        return max(gaps, default=0)

    def _epoch_at(self, position: LogPosition) -> int:
        segments = self._segments_of(position.partition)
        return next((epoch for start, epoch in reversed(segments) if position.offset >= start), segments[0][1])

    def _segments_of(self, partition: int) -> tuple[tuple[int, int], ...]:
        """Return first offset and epoch of each part of this log, in order."""
        if (known := self._segments.get(partition)) is not None:
            return known
        first, *later = self._of_this_log
        parts = [(first.starts.get(partition, 0), first.number)]
        parts += [(epoch.starts[partition], epoch.number) for epoch in later if partition in epoch.starts]
        # A log that was cut again, below where an epoch starts, has nothing left of that epoch.
        kept = [part for index, part in enumerate(parts) if all(part[0] < after[0] for after in parts[index + 1 :])]
        self._segments[partition] = tuple(kept)
        return self._segments[partition]


def _last_run(epochs: Sequence[LogEpoch]) -> Sequence[LogEpoch]:
    """Return the last epochs, all of one log."""
    first = len(epochs) - 1
    while epochs[first].cause is not EpochCause.OTHER_LOG and first > 0:
        first -= 1
    return epochs[first:]

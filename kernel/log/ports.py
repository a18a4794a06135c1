"""The event log as a port. Keys and values are opaque here."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LogPosition:
    """Partition and offset of a record. Offsets grow within a partition, by one or more."""

    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A record that was read from the log."""

    position: LogPosition
    key: str
    value: bytes
    appended_at: float = field(default=0.0, compare=False)
    """The time of the append by the clock of the log, in seconds since 1970; 0 if it is unknown."""


class EventLog(Protocol):
    """A durable log that is ordered by key: all readers get the records of a key in the order of their appends."""

    async def append(self, key: str, value: bytes) -> LogPosition:
        """Append a record and return its position once it is durable. All records of a key share a partition.

        Raise UNAVAILABLE `LOG_UNAVAILABLE` if that cannot be confirmed. The record may have been appended, so a retry
        must have the same identity inside `value`.
        """
        ...


class LogReader(Protocol):
    """Reads the log at any offset, without a group and without changing committed offsets."""

    async def read(self, partition: int, *, after: int, limit: int, wait: float = 0.0) -> Sequence[LogRecord]:
        """Return up to `limit` records with offset > `after`, in order; wait up to `wait` s for the first one."""
        ...

    async def ends(self) -> Mapping[int, int]:
        """Return the offset of the last record of every partition; -1 where there is none."""
        ...

    async def begins(self) -> Mapping[int, int]:
        """Return the offset of the first record that the log still has, by partition.

        For an empty partition, return the offset that its next record will get.
        """
        ...

    async def log_id(self) -> str:
        """Return the last known identity of this log. A log that was created again has another identity."""
        ...

    async def identify(self) -> str:
        """Ask the log itself for its identity, and return it. From now on, `log_id` returns it too."""
        ...


class OldRecords(Protocol):
    """The oldest records of a log that removes none by itself."""

    async def first_times(self) -> Mapping[int, float]:
        """Return the append time of the first record of each partition, in seconds since 1970.

        Partitions without a removable record are left out: the last record of a partition is never removed.
        """
        ...

    async def remove(self, partition: int, *, before: float, through: int, now: float, limit: int) -> int:
        """Remove the first records of a partition that were appended before a time, and return their number.

        Keep records after the offset `through`, and the last record. Remove at most `limit` records. A record from the
        future of `now` counts as appended at `now`.
        """
        ...

    async def overwrite(self) -> None:
        """Ensure that the files of the log contain nothing of removed records.

        Raise UNAVAILABLE `LOG_UNAVAILABLE` if a long read prevents it.
        """
        ...

    async def committed(self, group: str) -> Mapping[int, int]:
        """Return the committed offset of every partition; -1 where nothing is committed."""
        ...


Resume = Callable[[Collection[int]], Awaitable[Mapping[int, int]]]
"""Returns the offsets after which a member starts to read (partition → offset), in place of the committed offsets.

It is called with the new partitions at every assignment. A partition that is not in the result is read from its start.
"""


class LogConsumer(Protocol):
    """One member of a named group. Each record goes to one member of the group, in order within its partition.

    A record is delivered at least once. After a crash, or when another member gets a partition, the records after the
    last commit are read again. If the member was opened with `Resume`, the records after its offsets are read again.
    """

    async def fetch(self, *, max_records: int, wait: float) -> Sequence[LogRecord]:
        """Return the next records of this member's partitions, or none.

        Wait up to `wait` seconds for the first record.
        """
        ...

    async def rewind(self) -> None:
        """Let the next fetch return the unprocessed records again.

        Reading restarts after the offsets that a new call of `Resume` returns, or after the committed offsets. Calls of
        `fetch` keep this member in its group, even while nothing can be processed.
        """
        ...

    async def commit(self, offsets: Mapping[int, int]) -> None:
        """Mark everything up to and including these offsets (partition → offset) as processed by the group."""
        ...

    async def lag(self) -> Mapping[int, int]:
        """Return the number of uncommitted records in each partition of this member."""
        ...


class OpenConsumer(Protocol):
    """Joins a group by name, for example `persister`, until the end of the block."""

    def __call__(self, group: str, *, resume: Resume | None = None) -> AbstractAsyncContextManager[LogConsumer]: ...

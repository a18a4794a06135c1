"""The event log as a port. Keys and values are opaque here."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LogPosition:
    """Partition and offset of a record. Offsets grow within a partition, by one or more."""

    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One record that was read."""

    position: LogPosition
    key: str
    value: bytes


class EventLog(Protocol):
    """An ordered, durable log per key. All readers see appended records in append order."""

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
        """Return the offset of the first record of every partition that the log still has, or will have."""
        ...

    async def log_id(self) -> str:
        """Return the identity of this log, as far as is known. A log that was created again has another one."""
        ...

    async def identify(self) -> str:
        """Return what `log_id` returns, from now on, after asking the log itself again."""
        ...


Resume = Callable[[Collection[int]], Awaitable[Mapping[int, int]]]
"""Returns the offsets after which a member starts to read (partition → offset), instead of the committed ones.

Called with the new partitions at every assignment. A partition that is not in the result is read from its start."""


class LogConsumer(Protocol):
    """One member of a named group. Each record goes to one member of the group, in order within its partition.

    At least once: after a crash, or when another member gets a partition, records since the last commit are read again
    (or those after `Resume`, if the member was opened with one).
    """

    async def fetch(self, *, max_records: int, wait: float) -> Sequence[LogRecord]:
        """Return the next records of this member's partitions; wait up to `wait` s for the first one. May be empty."""
        ...

    async def rewind(self) -> None:
        """Let the next fetch read again the records that could not be processed.

        It starts after the offsets of `Resume`, called again, or after the committed ones. Calling `fetch` meanwhile
        keeps this member in its group, even if nothing can be processed.
        """
        ...

    async def commit(self, offsets: Mapping[int, int]) -> None:
        """Mark everything up to and including these offsets (partition → offset) as processed by the group."""
        ...

    async def lag(self) -> Mapping[int, int]:
        """Return the number of uncommitted records of each of this member's partitions."""
        ...


class OpenConsumer(Protocol):
    """Joins a group by name, for example `persister`, until the end of the block."""

    def __call__(self, group: str, *, resume: Resume | None = None) -> AbstractAsyncContextManager[LogConsumer]: ...

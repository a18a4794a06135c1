"""The event log as the rest of Chatly sees it. Keys and values are opaque here."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LogPosition:
    """Where a record stands: offsets grow within a partition, by one or more."""

    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One record as read back."""

    position: LogPosition
    key: str
    value: bytes


class EventLog(Protocol):
    """The one order of every key. What is appended is durable, and is read back in the same order, by everyone."""

    async def append(self, key: str, value: bytes) -> LogPosition:
        """Return once the record is durable. All records of a key share a partition.

        Raise ChatlyError UNAVAILABLE `LOG_UNAVAILABLE` if that cannot be known: the record may be there, so a
        retry must carry the same identity inside `value`.
        """
        ...


class LogReader(Protocol):
    """Reads the log at any place, without a group and without moving anybody's position."""

    async def read(self, partition: int, *, after: int, limit: int, wait: float = 0.0) -> Sequence[LogRecord]:
        """Up to `limit` records of a partition with offset > `after`, in order; waits up to `wait` s for the first."""
        ...

    async def ends(self) -> Mapping[int, int]:
        """Offset of the last record of each partition; -1 where there is none. Its keys are all partitions."""
        ...

    async def log_id(self) -> str:
        """Identity of this log: another one after it was made anew."""
        ...


Resume = Callable[[Collection[int]], Awaitable[Mapping[int, int]]]
"""Where a member begins in the partitions it is given: after these offsets (partition → offset), whatever the group has
committed. Asked each time partitions come to it, with those; one that is left out begins at the first record."""


class LogConsumer(Protocol):
    """One member of a named group. Each record goes to one member of the group, in order within its partition.

    At least once: after a crash, or when a partition comes to another member, records since the last commit come again
    (or those after `Resume`, if the member was opened with one).
    """

    async def fetch(self, *, max_records: int, wait: float) -> Sequence[LogRecord]:
        """The next records of this member's partitions; waits up to `wait` s for the first; may be empty."""
        ...

    async def rewind(self) -> None:
        """What was fetched could not be worked off: the next fetch begins anew, where `Resume` says by then (without
        one, after what is committed). Fetching meanwhile, however often in vain, keeps this member in its group.
        """
        ...

    async def commit(self, offsets: Mapping[int, int]) -> None:
        """Everything up to and including these offsets (partition → offset) is done for this group."""
        ...

    async def lag(self) -> Mapping[int, int]:
        """Records not yet committed, for each of this member's partitions."""
        ...


class OpenConsumer(Protocol):
    """Joins a group by its name, e.g. `persister`, until the context is left."""

    def __call__(self, group: str, *, resume: Resume | None = None) -> AbstractAsyncContextManager[LogConsumer]: ...

"""Ports of the persister's status. The log's and the store's ports are in `kernel.log.ports` and `history.ports`."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from kernel.log.ports import LogRecord


class StoredOffsets(Protocol):
    """The progress of the store."""

    async def stored(self) -> Mapping[int, int]:
        """Return the last stored offset of each partition. Partitions without stored records are left out."""
        ...


class LogEnds(Protocol):
    """The ends of the log."""

    async def ends(self) -> Mapping[int, int]:
        """Return the offset of the last record in each partition, or -1 for an empty partition."""
        ...


class UnstoredRecords(Protocol):
    """The records of the log that are not stored yet."""

    async def read(self, partition: int, *, after: int, limit: int) -> Sequence[LogRecord]:
        """Return up to `limit` records with offset > `after`, in order."""
        ...


class ConsumerLag(Protocol):
    """The progress of this member of the consumer group."""

    async def lag(self) -> Mapping[int, int]:
        """Return the number of uncommitted records in each partition that this process owns."""
        ...


class DeadLetterCount(Protocol):
    """The number of dead letters."""

    async def count(self) -> int: ...

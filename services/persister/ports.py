"""Ports of the persister's status. The log's and the store's ports are in `kernel.log.ports` and `history.ports`."""

from collections.abc import Mapping
from typing import Protocol


class StoredOffsets(Protocol):
    """The store's progress."""

    async def stored(self) -> Mapping[int, int]:
        """Return the last stored offset per partition; partitions without stored records are absent."""
        ...


class LogEnds(Protocol):
    """The log's size."""

    async def ends(self) -> Mapping[int, int]:
        """Return the offset of the last record per partition; -1 for an empty partition."""
        ...


class ConsumerLag(Protocol):
    """The progress of this member of the consumer group."""

    async def lag(self) -> Mapping[int, int]:
        """Return the number of uncommitted records per partition that this process owns."""
        ...


class DeadLetterCount(Protocol):
    """The number of dead letters."""

    async def count(self) -> int: ...

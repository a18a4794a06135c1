"""Status and dead letters of the persister."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from history.ports import DeadLetter
from kernel.log.epochs import records_between


@dataclass(frozen=True, slots=True)
class Failure:
    """The newest error that stopped the persister from storing, and its time."""

    message: str
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class PartitionStatus:
    """The ordinals of the last stored record and of the last record in the log. -1 means that there is none."""

    partition: int
    stored_offset: int
    end_offset: int
    oldest_unstored_at: datetime | None = None
    """When the oldest record that is not stored was appended, if there is one and its time is known."""

    @property
    def lag(self) -> int:
        """The number of records that are not stored yet."""
        return records_between(self.stored_offset, self.end_offset)


@dataclass(frozen=True, slots=True)
class Status:
    """The progress and the failures of the persister."""

    partitions: Sequence[PartitionStatus]
    records_per_second: float
    last_failure: Failure | None
    dead_letter_count: int


@dataclass(frozen=True, slots=True)
class DeadLetterPage:
    """One page of dead letters. An empty `next_page_token` marks the last page."""

    letters: Sequence[DeadLetter]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """The numbers of dead letters that were appended to the log, and of those that are still unreadable."""

    replayed: int
    failed: int

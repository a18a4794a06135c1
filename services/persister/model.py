"""What the persister tells of itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that kept the persister from going on, and when."""

    message: str
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class PartitionStatus:
    """Offsets of the last record stored and of the last one in the log; -1: none."""

    partition: int
    stored_offset: int
    end_offset: int

    @property
    def lag(self) -> int:
        """Records that are not stored yet."""
        return max(0, self.end_offset - self.stored_offset)


@dataclass(frozen=True, slots=True)
class Status:
    """How far the store is behind the log."""

    partitions: Sequence[PartitionStatus]
    records_per_second: float
    last_failure: Failure | None
    dead_letter_count: int

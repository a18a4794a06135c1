"""Buckets, and write timestamps that decide which of two writes to a cell wins, in any order and with repeats.

With them Cassandra merges events as `history.fold` does. They are not clock times.
"""

from datetime import datetime
from uuid import UUID

from kernel.ids import ticks_of, time_of

ALWAYS_WINS = 1 << 62
"""Beats every other write: deletions for everyone are final."""
SINGLE_VALUE = 1
"""For cells that only ever get one value."""

_MIDDLE = 1 << 60
_BUCKET_SECONDS = 10 * 86_400


def bucket_of(time_uuid: UUID) -> int:
    """Return the number of the ten-day bucket, since 1970, of a message or event."""
    return bucket_at(time_of(time_uuid))


def bucket_at(moment: datetime) -> int:
    """Return the bucket of a time."""
    return int(moment.timestamp() // _BUCKET_SECONDS)


def later_wins(event_id: UUID) -> int:
    """The later event wins, and both beat `earlier_wins`."""
    return _MIDDLE + event_id.time


def earlier_wins(event_id: UUID) -> int:
    """The earlier event wins."""
    return _MIDDLE - 1 - event_id.time


def earliest_wins(moment: datetime) -> int:
    """The earlier time wins."""
    return _MIDDLE - 1 - ticks_of(moment)


def larger_offset_wins(offset: int) -> int:
    """The write with the larger log offset wins."""
    # Doubled, because older programs wrote the values in between.
    return 2 * (offset + 1)


def smaller_offset_wins(offset: int) -> int:
    """The write with the smaller log offset wins."""
    return _MIDDLE - offset

"""Buckets, and write timestamps. Of two writes to a cell, Cassandra keeps the write with the larger timestamp.

The timestamps are computed from event ids and log offsets and are not the time of the write. They let Cassandra merge
writes as `history.fold` merges events: order and repeats do not matter.
"""

from datetime import UTC, datetime
from uuid import UUID

from kernel.ids import ticks_of

ALWAYS_WINS = 1 << 62
"""Larger than every other timestamp. Final writes have this timestamp, such as a deletion for everyone."""
SINGLE_VALUE = 1
"""The timestamp for cells that never get a second value."""

_MIDDLE = 1 << 60
_BUCKET_SECONDS = 10 * 86_400
_BUCKET_TICKS = _BUCKET_SECONDS * 10_000_000
_TICKS_1970 = ticks_of(datetime.fromtimestamp(0, UTC))


def bucket_of(time_uuid: UUID) -> int:
    """Return the ten-day bucket of a message or event. Buckets are numbered from 1970."""
    # Without a datetime: each message takes this a few times.
    return (time_uuid.time - _TICKS_1970) // _BUCKET_TICKS


def bucket_at(moment: datetime) -> int:
    """Return the ten-day bucket that contains a time."""
    return int(moment.timestamp() // _BUCKET_SECONDS)


def later_wins(event_id: UUID) -> int:
    """Return a timestamp with which the later event wins.

    The timestamp is larger than every result of `earlier_wins`.
    """
    return _MIDDLE + event_id.time


def earlier_wins(event_id: UUID) -> int:
    """Return a timestamp with which the earlier event wins."""
    return _MIDDLE - 1 - event_id.time


def earliest_wins(moment: datetime) -> int:
    """Return a timestamp with which the earlier time wins."""
    return _MIDDLE - 1 - ticks_of(moment)


def larger_offset_wins(offset: int) -> int:
    """Return a timestamp with which the larger log offset wins."""
    # The offset is doubled, because older versions of Chatly wrote the values in between.
    return 2 * (offset + 1)


def smaller_offset_wins(offset: int) -> int:
    """Return a timestamp with which the smaller log offset wins."""
    return _MIDDLE - offset


def replaces_lost(offset: int) -> int:
    """Return a timestamp that is larger than every result of `smaller_offset_wins`."""
    return _MIDDLE + 1 + offset

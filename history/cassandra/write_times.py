"""Buckets, and write timestamps: which of two writes to a cell stays, in whatever order they arrive, or arrive again.

With these Cassandra itself adds events up as `history.fold` does. They are no clock times.
"""

from datetime import datetime
from uuid import UUID

from kernel.ids import ticks_of, time_of

ALWAYS_WINS = 1 << 62
"""Beats everything: what is deleted for everyone stays so."""
SINGLE_VALUE = 1
"""For what only ever gets one value."""

_MIDDLE = 1 << 60
_BUCKET_SECONDS = 10 * 86_400


def bucket_of(time_uuid: UUID) -> int:
    """The ten days since 1970 that a message or an event belongs to."""
    return bucket_at(time_of(time_uuid))


def bucket_at(moment: datetime) -> int:
    """The bucket of what happens then."""
    return int(moment.timestamp() // _BUCKET_SECONDS)


def later_wins(event_id: UUID) -> int:
    """Of two events the later one, and both beat an `earlier_wins`."""
    return _MIDDLE + event_id.time


def earlier_wins(event_id: UUID) -> int:
    """Of two events the earlier one."""
    return _MIDDLE - 1 - event_id.time


def earliest_wins(moment: datetime) -> int:
    """Of two moments the earlier one."""
    return _MIDDLE - 1 - ticks_of(moment)


def larger_offset_wins(offset: int) -> int:
    """What was written at a larger offset of the log."""
    # Twice: there are tables written by programs that used what lies between.
    return 2 * (offset + 1)


def smaller_offset_wins(offset: int) -> int:
    """What stands at a smaller offset of the log."""
    return _MIDDLE - offset

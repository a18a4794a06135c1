"""Times as protobuf has them, to the microsecond.

As Timestamp's own `FromDatetime` and `ToDatetime` do, which go by way of calendars for twice the CPU.
"""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from kernel.time import from_micros, to_micros

_MICROS = 1_000_000
_NANOS = 1_000


def timestamp(moment: datetime) -> Timestamp:
    """A time on the wire."""
    seconds, micros = divmod(to_micros(moment), _MICROS)
    return Timestamp(seconds=seconds, nanos=micros * _NANOS)


def maybe_timestamp(moment: datetime | None) -> Timestamp | None:
    """A time that may be missing."""
    return None if moment is None else timestamp(moment)


def moment_of(wire: Timestamp) -> datetime:
    """Undo `timestamp`, in UTC; raise ValueError for what lies outside the years 1 to 9999."""
    try:
        return from_micros(wire.seconds * _MICROS + wire.nanos // _NANOS)
    except OverflowError:
        raise ValueError("must lie between the years 1 and 9999") from None

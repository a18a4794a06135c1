"""Conversion between datetime and protobuf's Timestamp, to the microsecond.

Timestamp's own `FromDatetime` and `ToDatetime` take twice the CPU time.
"""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from kernel.time import from_micros, to_micros

_MICROS = 1_000_000
_NANOS = 1_000


def timestamp(moment: datetime) -> Timestamp:
    """Return a time as Timestamp."""
    seconds, micros = divmod(to_micros(moment), _MICROS)
    return Timestamp(seconds=seconds, nanos=micros * _NANOS)


def maybe_timestamp(moment: datetime | None) -> Timestamp | None:
    """Return a time as Timestamp, or None for None."""
    return None if moment is None else timestamp(moment)


def moment_of(wire: Timestamp) -> datetime:
    """Return the time of a Timestamp, in UTC; raise ValueError outside the years 1 to 9999."""
    try:
        return from_micros(wire.seconds * _MICROS + wire.nanos // _NANOS)
    except OverflowError:
        raise ValueError("must be between the years 1 and 9999") from None

"""How a time stands in a row, whatever the database: microseconds since 1970, in UTC."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """A time as it is stored."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """A stored time."""
    return _EPOCH + micros * _MICROSECOND


def maybe_from_micros(micros: int | None) -> datetime | None:
    """A stored time that may be missing."""
    return None if micros is None else from_micros(micros)

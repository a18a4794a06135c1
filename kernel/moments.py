"""Times as numbers: microseconds since 1970, in UTC. So they stand in rows, whatever the database."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """A time as a number."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Undo `to_micros`; raise OverflowError for what lies outside the years 1 to 9999."""
    return _EPOCH + micros * _MICROSECOND


def maybe_from_micros(micros: int | None) -> datetime | None:
    """A stored time that may be missing."""
    return None if micros is None else from_micros(micros)

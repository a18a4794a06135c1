"""The clock as a port, and conversion of times to microseconds since 1970 (UTC), the form in databases."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Clock(Protocol):
    """A source of time. Tests use a fake clock."""

    def now(self) -> datetime:
        """Return the wall-clock time, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never decrease. Only differences are meaningful."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


def to_micros(moment: datetime) -> int:
    """Return a time as microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the time of microseconds since 1970; raise OverflowError outside the years 1 to 9999."""
    return _EPOCH + micros * _MICROSECOND


def maybe_from_micros(micros: int | None) -> datetime | None:
    """Return the time of microseconds since 1970, or None for None."""
    return None if micros is None else from_micros(micros)

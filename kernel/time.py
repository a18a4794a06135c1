"""The clock as a port, and conversion of times to microseconds since 1970 (UTC), the form in databases."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WALL = partial(datetime.now, UTC)
_MICROSECOND = timedelta(microseconds=1)
TOLERATED_OFFSET = timedelta(seconds=5)
"""A clock that is off by more is wrong."""


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


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """A measurement of the machine's clock: it was ahead of the right time by `offset`, or behind if it is negative."""

    offset: timedelta
    wall: datetime
    """The wall clock at the measurement."""
    monotonic: float
    """The monotonic clock at the measurement."""


class CorrectedClock:
    """The clock of this machine while it is right, else an estimate of the time of the engines' clocks.

    `correct` must be called every few seconds. If the machine's clock jumps between two calls, the time continues as
    before the jump.
    """

    def __init__(
        self,
        *,
        wall: Callable[[], datetime] = _WALL,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`wall`, `monotonic`: the clocks of the machine."""
        self._wall = wall
        self._monotonic = monotonic
        self._base = wall() - timedelta(seconds=monotonic())
        """The time at which the monotonic clock was zero."""

    def now(self) -> datetime:
        wall, expected = self._wall(), self._base + timedelta(seconds=self._monotonic())
        return wall if -TOLERATED_OFFSET <= wall - expected <= TOLERATED_OFFSET else expected

    def monotonic(self) -> float:
        return self._monotonic()

    def correct(self, measured: ClockOffset) -> None:
        """Continue from a measurement. The machine's clock may have jumped since then."""
        is_right = abs(measured.offset) <= TOLERATED_OFFSET
        right = measured.wall if is_right else measured.wall - measured.offset
        self._base = right - timedelta(seconds=measured.monotonic)


def to_micros(moment: datetime) -> int:
    """Return a time as microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the time of microseconds since 1970; raise OverflowError outside the years 1 to 9999."""
    return _EPOCH + micros * _MICROSECOND


def maybe_from_micros(micros: int | None) -> datetime | None:
    """Return the time of microseconds since 1970, or None for None."""
    return None if micros is None else from_micros(micros)

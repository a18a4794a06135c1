"""When a stream looks at what is new for it: at once, or, while one event chases the other, a moment later."""

from collections.abc import Callable
from typing import Protocol

LINGER = 0.005
"""Seconds that an event may wait for others to share its write."""
CALM = 0.025
"""Seconds without an event after which a stream is idle again."""
_AT_ONCE = 2


class Timer(Protocol):
    """The part of an event loop that is needed here."""

    def time(self) -> float: ...

    def call_later(self, delay: float, callback: Callable[[], object], /) -> object: ...


class Paced:
    """A stream as its node's Pace sees it."""

    __slots__ = ("in_a_row", "lingers", "stirred_at")

    def __init__(self) -> None:
        self.stirred_at = 0.0
        self.in_a_row = 0
        self.lingers = False

    def look(self) -> None:
        """There is something new."""
        raise NotImplementedError


class Pace:
    """One for all streams of a node: those that linger look together, by one timer.

    A write costs as much as the work for ten events. So a stream that gets one event after the other gets what comes
    within LINGER in one piece; the first events after a calm are not delayed, so those of an idle stream never are.
    """

    def __init__(self, timer: Timer) -> None:
        self._timer = timer
        self._lingering: list[Paced] = []

    def stir(self, stream: Paced) -> None:
        """Let the stream look, now or soon."""
        if stream.lingers:
            return
        now = self._timer.time()
        stream.in_a_row = stream.in_a_row + 1 if now - stream.stirred_at < CALM else 1
        stream.stirred_at = now
        if stream.in_a_row > _AT_ONCE:
            self._linger(stream)
        else:
            stream.look()

    def _linger(self, stream: Paced) -> None:
        if not self._lingering:
            self._timer.call_later(LINGER, self._look)
        stream.lingers = True
        self._lingering.append(stream)

    def _look(self) -> None:
        streams, self._lingering = self._lingering, []
        for stream in streams:
            stream.lingers = False
            stream.look()

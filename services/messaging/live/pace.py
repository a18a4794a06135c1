"""When a stream looks at what is new for it: at once, or, while one event chases the other, a moment later."""

from collections.abc import Callable
from typing import Protocol

SPACING = 0.1
"""Seconds between two writes of a stream that no event has to wait for."""
AT_ONCE = 4
"""How many writes a stream has ahead after a calm, however close they are."""
SHORTEST_LINGER, LONGEST_LINGER = 0.005, 0.1
"""Seconds that an event may wait for others to share its write."""
LINGER_EACH = 0.0003
"""Seconds for each stream that lingers: a write takes a third of that."""


class Timer(Protocol):
    """The part of an event loop that is needed here."""

    def time(self) -> float: ...

    def call_later(self, delay: float, callback: Callable[[], object], /) -> object: ...


class Paced:
    """A stream as its node's Pace sees it."""

    __slots__ = ("lingers", "written_until")

    def __init__(self) -> None:
        self.lingers = False
        self.written_until = 0.0
        """When its writes so far would have come to an end at one each SPACING."""

    def look(self) -> None:
        """There is something new."""
        raise NotImplementedError


class Pace:
    """One for all streams of a node: those that linger look together, by one timer.

    A write costs as much as the work for ten events. So a stream that gets more than some ten events a second gets what
    comes within a moment in one piece. The more such streams there are, the longer the moment is: most of the node's
    time is left for other work. A stream that gets fewer events gets each at once.
    """

    def __init__(self, timer: Timer) -> None:
        self._timer = timer
        self._lingering: list[Paced] = []
        self._together = 0
        """How many looked together the last time."""

    def stir(self, stream: Paced) -> None:
        """Let the stream look, now or soon."""
        if stream.lingers:
            return
        now = self._timer.time()
        if stream.written_until - now > (AT_ONCE - 1) * SPACING:
            self._linger(stream)
        else:
            self._let_look(stream, now)

    def _linger(self, stream: Paced) -> None:
        if not self._lingering:
            linger = min(max(SHORTEST_LINGER, LINGER_EACH * self._together), LONGEST_LINGER)
            self._timer.call_later(linger, self._look)
        stream.lingers = True
        self._lingering.append(stream)

    def _look(self) -> None:
        streams, self._lingering = self._lingering, []
        self._together = len(streams)
        now = self._timer.time()
        for stream in streams:
            stream.lingers = False
            self._let_look(stream, now)

    def _let_look(self, stream: Paced, now: float) -> None:
        stream.written_until = min(max(stream.written_until, now), now + (AT_ONCE - 1) * SPACING) + SPACING
        stream.look()

"""Deadlines of many operations, watched by one timer of the event loop."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from types import TracebackType
from typing import Any, Final, Protocol

LATEST_SECONDS: Final = 0.025
"""The longest time between a deadline and its callback, as long as the event loop is not busy."""
_LONGEST_TIMER_SECONDS: Final = 3_600.0


class Timers(Protocol):
    """The part of an event loop that deadlines use."""

    def time(self) -> float: ...

    def call_later(self, delay: float, callback: Callable[[], object], /) -> Any: ...  # noqa: ANN401


@dataclass(slots=True, eq=False)
class Deadline:
    """One deadline. Its callback runs once, unless it is cancelled first. `passed`: whether it ran."""

    _callback: Callable[[], object] | None
    _slot: "set[Deadline]"
    passed: bool = False

    def cancel(self) -> None:
        """Forget the deadline, if it has not passed."""
        self._slot.discard(self)
        # The owner of the callback usually knows its deadline.
        self._callback = None

    def run(self) -> None:
        """Call back. Only Deadlines calls this."""
        callback, self._callback, self.passed = self._callback, None, True
        if callback is not None:
            callback()


class Deadlines:
    """Calls back when deadlines pass, never early and at most LATEST_SECONDS late.

    Most operations end long before their deadline, and a timer of the loop for each of them is slow. So deadlines
    within the same LATEST_SECONDS share a set, and there is one timer, for the next set.
    """

    def __init__(self, timers: Callable[[], Timers] = asyncio.get_running_loop) -> None:
        """`timers` returns the event loop. It is called when the first deadline is set."""
        self._running_loop = timers
        self._loop: Timers | None = None
        self._slots: dict[int, set[Deadline]] = {}
        self._order: list[int] = []
        self._timer: Any = None

    def after(self, seconds: float, callback: Callable[[], object]) -> Deadline:
        """Call back after this time. The callback runs on the event loop, and must not raise."""
        loop = self._loop = self._loop or self._running_loop()
        number = math.ceil((loop.time() + seconds) / LATEST_SECONDS)
        slot = self._slots.get(number)
        if slot is None:
            slot = self._slots[number] = set()
            heappush(self._order, number)
            if self._order[0] == number:
                self._set_timer(loop)
        deadline = Deadline(callback, slot)
        slot.add(deadline)
        return deadline

    def _set_timer(self, loop: Timers) -> None:
        if self._timer is not None:
            self._timer.cancel()
        delay = max(0.0, self._order[0] * LATEST_SECONDS - loop.time())
        self._timer = loop.call_later(min(delay, _LONGEST_TIMER_SECONDS), self._check)

    def _check(self) -> None:
        loop = self._loop
        assert loop is not None  # noqa: S101 - it has called this method
        self._timer = None
        try:
            while self._order and self._order[0] * LATEST_SECONDS <= loop.time():
                slot = self._slots[self._order[0]]
                while slot:
                    # A callback may cancel other deadlines of the set.
                    slot.pop().run()
                del self._slots[heappop(self._order)]
        finally:
            if self._order:
                self._set_timer(loop)


class Timeout:
    """Cancels a block after a time, and raises TimeoutError from it, as `asyncio.timeout` does."""

    __slots__ = ("_cancelling", "_deadline", "_deadlines", "_seconds", "_task")

    def __init__(self, deadlines: Deadlines, seconds: float) -> None:
        self._deadlines = deadlines
        self._seconds = seconds

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - only tasks can be cancelled
        self._task = task
        self._cancelling = task.cancelling()
        self._deadline = self._deadlines.after(self._seconds, task.cancel)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._deadline.cancel()
        # If somebody else cancelled the task too, it must end, as with `asyncio.timeout`.
        if self._deadline.passed and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

"""Deadlines of many operations with one timer, and the blocks that they cancel."""

import asyncio
import gc
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest

from kernel.deadlines import LATEST_SECONDS, Deadline, Deadlines, Timeout


@dataclass(eq=False)
class Handle:
    at: float
    callback: Callable[[], object]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


class FakeLoop:
    """Timers of an event loop whose time passes only when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0
        self.handles: list[Handle] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[[], object], /) -> Handle:
        handle = Handle(self.now + delay, callback)
        self.handles.append(handle)
        return handle

    @property
    def waiting(self) -> list[Handle]:
        return [handle for handle in self.handles if not handle.cancelled]

    def advance(self, seconds: float, *, step: float = 0.001) -> None:
        end = self.now + seconds
        while self.now < end:
            self.now = min(self.now + step, end)
            for handle in self.waiting:
                if handle.at <= self.now:
                    self.handles.remove(handle)
                    handle.callback()


@pytest.fixture
def loop() -> FakeLoop:
    return FakeLoop()


@pytest.fixture
def deadlines(loop: FakeLoop) -> Deadlines:
    return Deadlines(lambda: loop)


def test_a_callback_is_never_early_and_little_late(loop: FakeLoop, deadlines: Deadlines) -> None:
    called: list[tuple[float, float]] = []

    def set_one(seconds: float) -> None:
        due = loop.now + seconds
        deadlines.after(seconds, lambda: called.append((due, loop.now)))

    for number in range(200):
        set_one(0.001 + number * 0.0137 % 1.0)
        loop.advance(0.003)
    loop.advance(2.0)

    assert len(called) == 200
    assert all(due <= now <= due + LATEST_SECONDS + 0.002 for due, now in called)


def test_a_cancelled_deadline_does_not_pass(loop: FakeLoop, deadlines: Deadlines) -> None:
    called: list[str] = []
    first, _ = (deadlines.after(0.1, partial(called.append, name)) for name in ("first", "second"))
    first.cancel()
    loop.advance(1.0)
    first.cancel()

    assert called == ["second"]
    assert not first.passed


def test_a_callback_may_cancel_a_deadline_of_the_same_moment_and_set_another(
    loop: FakeLoop, deadlines: Deadlines
) -> None:
    both: list[Deadline] = []
    called: list[Deadline] = []

    def cancel_the_other(index: int) -> None:
        called.append(both[index])
        both[1 - index].cancel()
        deadlines.after(0.0, lambda: called.append(both[index]))

    both += [deadlines.after(0.1, partial(cancel_the_other, index)) for index in range(2)]
    loop.advance(1.0)

    assert len(called) == 2
    assert called[0] is called[1]


def test_an_earlier_deadline_moves_the_only_timer(loop: FakeLoop, deadlines: Deadlines) -> None:
    called: list[str] = []
    for name, seconds in (("hour", 3_000.0), ("second", 1.0), ("soon", 0.1), ("year", 3e7), ("never", 1e15)):
        deadlines.after(seconds, partial(called.append, name))
        assert len(loop.waiting) == 1

    loop.advance(1.1)
    assert called == ["soon", "second"]
    loop.advance(3_000.0, step=1.0)
    assert called == ["soon", "second", "hour"]
    assert len(loop.waiting) == 1


def test_no_timer_remains_after_the_last_deadline(loop: FakeLoop, deadlines: Deadlines) -> None:
    for _ in range(100):
        deadlines.after(1.0, lambda: None).cancel()
        loop.advance(0.01)
    loop.advance(1.5)

    assert not loop.waiting


def test_a_callback_that_raises_does_not_stop_the_others(loop: FakeLoop, deadlines: Deadlines) -> None:
    called: list[str] = []

    def fail() -> None:
        called.append("failed")
        raise RuntimeError("a bug")

    deadlines.after(0.1, fail)
    deadlines.after(0.1, lambda: called.append("same moment"))
    deadlines.after(0.2, lambda: called.append("later"))
    with pytest.raises(RuntimeError, match="a bug"):
        loop.advance(0.15)
    loop.advance(0.5)

    assert sorted(called) == ["failed", "later", "same moment"]


class Operation:
    """An operation that knows its deadline, which knows the operation."""

    def __init__(self, deadlines: Deadlines) -> None:
        self.deadline = deadlines.after(0.1, self.expire)

    def expire(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize("passes", [False, True], ids=["cancelled", "passed"])
def test_an_operation_is_freed_once_its_deadline_is_over(loop: FakeLoop, deadlines: Deadlines, *, passes: bool) -> None:
    gc.disable()
    try:
        operation = Operation(deadlines)
        if passes:
            loop.advance(0.2)
        else:
            operation.deadline.cancel()
        reference = weakref.ref(operation)
        del operation

        assert reference() is None
    finally:
        gc.enable()


async def test_a_block_is_left_with_a_timeout_error() -> None:
    with pytest.raises(TimeoutError), Timeout(Deadlines(), 0.05):
        await asyncio.Event().wait()

    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()


async def test_a_block_that_ends_in_time_returns_and_keeps_its_error() -> None:
    deadlines = Deadlines()
    with Timeout(deadlines, 0.05):
        await asyncio.sleep(0)
    with pytest.raises(KeyError), Timeout(deadlines, 0.05):
        raise KeyError
    await asyncio.sleep(0.1)


async def test_a_block_that_somebody_else_cancels_stays_cancelled() -> None:
    deadlines = Deadlines()

    async def wait() -> None:
        with Timeout(deadlines, 30):
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_block_that_is_cancelled_while_its_deadline_passes_stays_cancelled() -> None:
    deadlines = Deadlines()

    async def wait() -> None:
        with Timeout(deadlines, 0.05):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                # As if a client cancelled the call while the handler reacts to the deadline.
                task.cancel()
                raise

    task = asyncio.create_task(wait())
    with pytest.raises(asyncio.CancelledError):
        await task

"""Jobs that tasks give to threads, and the way back of their answers. Knows no SQLite.

asyncio's executors do the same for any caller; measured, a job costs the event loop half as much here.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

C = TypeVar("C")
T = TypeVar("T")


class Asked(Generic[C, T]):
    """A job that takes a `C`, and the task that waits for what it returns. Made on the event loop."""

    __slots__ = ("answer", "job")

    def __init__(self, job: Callable[[C], T]) -> None:
        self.job = job
        self.answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    @property
    def given_up(self) -> bool:
        """Whether nobody waits any more."""
        return self.answer.cancelled()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a job: a result, or an error."""

    asked: Asked[Any, Any]
    result: object = None
    error: Exception | None = None


def answer(outcomes: Sequence[Outcome]) -> None:
    """Called from a thread: let the tasks go on, all of them of one event loop, which is woken once."""
    if outcomes:
        loop = outcomes[0].asked.answer.get_loop()
        # A loop that has ended has no tasks that wait.
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, outcomes)


def _settle(outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        future = outcome.asked.answer
        if future.done():
            continue
        if outcome.error is not None:
            future.set_exception(outcome.error)
        else:
            future.set_result(outcome.result)

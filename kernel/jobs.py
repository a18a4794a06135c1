"""Jobs that tasks hand to a thread, and the delivery of their results. Contains no SQLite.

asyncio's executors do the same for any caller. Measured: here, a job costs the event loop half as much.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

C = TypeVar("C")
T = TypeVar("T")


class Job(Generic[C, T]):
    """A function that takes a `C`, and the future of what it returns. Created on the event loop."""

    __slots__ = ("future", "run")

    def __init__(self, run: Callable[[C], T]) -> None:
        self.run = run
        self.future: asyncio.Future[T] = asyncio.get_running_loop().create_future()


@dataclass(frozen=True, slots=True)
class Result:
    """A finished job with its value or its error."""

    job: Job[Any, Any]
    value: object = None
    error: Exception | None = None


def deliver(results: Sequence[Result]) -> None:
    """Complete the futures of these jobs, which belong to one event loop; wake it once. Called from a thread."""
    if results:
        loop = results[0].job.future.get_loop()
        # A closed loop has no tasks that wait.
        if not loop.is_closed():
            loop.call_soon_threadsafe(_complete, results)


def _complete(results: Sequence[Result]) -> None:
    for result in results:
        future = result.job.future
        if future.done():
            continue
        if result.error is not None:
            future.set_exception(result.error)
        else:
            future.set_result(result.value)

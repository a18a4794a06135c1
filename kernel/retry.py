"""Retries and repetitions while something is unavailable, and a context manager that ignores an unavailable store."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import TypeVar

from kernel.errors import ChatlyError, Code, KernelReason

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses between attempts, in seconds: `first`, then doubled up to `longest`.

    Each pause is shortened by a random part, at most the fraction `jitter`, so that many callers do not retry at the
    same moment.
    """

    first: float
    longest: float
    jitter: float = 0.5

    def pauses(self) -> Iterator[float]:
        """Yield the pauses, without end."""
        pause = self.first
        while True:
            yield pause * (1 - random.uniform(0, self.jitter))  # noqa: S311 - it spreads load and keeps no secret
            pause = min(2 * pause, self.longest)


def is_unavailable(error: Exception) -> bool:
    """Return whether the error is a ChatlyError with the code UNAVAILABLE."""
    return isinstance(error, ChatlyError) and error.code is Code.UNAVAILABLE


async def retry(
    step: Callable[[], Awaitable[T]],
    *,
    report: Callable[[Exception], None],
    backoff: Backoff,
    is_temporary: Callable[[Exception], bool] = is_unavailable,
    sleep: Sleep = asyncio.sleep,
) -> T:
    """Return the result of `step`. After a temporary error, report the error, pause, and call `step` again.

    Any other error is raised. There is no limit to the attempts: cancel the task to end them.
    """
    pauses = backoff.pauses()
    while True:
        try:
            return await step()
        except Exception as error:
            if not is_temporary(error):
                raise
            report(error)
        await sleep(next(pauses))


async def repeat(
    step: Callable[[], Awaitable[object]],
    *,
    seconds: float,
    report: Callable[[Exception], None],
    is_temporary: Callable[[Exception], bool] = is_unavailable,
) -> None:
    """Call `step` now and again after each pause of `seconds`, until cancelled.

    A temporary error is reported, and the next call repeats the step. Any other error is raised.
    """
    while True:
        try:
            await step()
        except Exception as error:
            if not is_temporary(error):
                raise
            report(error)
        await asyncio.sleep(seconds)


class suppress_unavailable:  # noqa: N801 - reads like contextlib.suppress
    """Context manager that suppresses STORE_UNAVAILABLE. The store itself logs that it is unavailable."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        return isinstance(error, ChatlyError) and error.reason == KernelReason.STORE_UNAVAILABLE

"""Steps that a cancellation must not interrupt, and code that must not swallow a cancellation."""

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


async def finish_despite_cancel(step: Awaitable[T]) -> T:
    """Await a step to its end, even if the caller is cancelled. Raise the cancellation afterwards.

    Use it for steps in a thread: a thread cannot be stopped, and the caller must not clean up while the thread runs.
    """
    task = asyncio.ensure_future(step)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if task.cancelled():
                raise
            cancelled = error
        except Exception:
            if cancelled is None:
                raise
    if cancelled is not None:
        # The result of the step is dropped. Reading its exception keeps asyncio from logging it.
        task.exception()
        raise cancelled
    return task.result()


@contextmanager
def reraise_cancellation() -> Iterator[None]:
    """Raise CancelledError if the task was cancelled during the block, even if the block swallowed it.

    Use it around drivers that call `asyncio.wait_for`. Up to Python 3.11, `wait_for` swallows a cancellation if the
    awaited operation finishes at the same moment. A loop that retries would then never end.
    """
    try:
        yield
    finally:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError

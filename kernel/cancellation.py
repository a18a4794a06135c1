"""Steps that a cancellation must not tear apart, and steps that must not keep one to themselves."""

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


async def finish_despite_cancel(step: Awaitable[T]) -> T:
    """Await a step to its end, also when cancelled meanwhile: only then is the cancellation raised.

    For steps that go on in a thread anyway: what cleans up after them must not run beside them.
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
        # What the step itself came to is of no interest any more.
        task.exception()
        raise cancelled
    return task.result()


@contextmanager
def reraise_cancellation() -> Iterator[None]:
    """Raise the cancellation that came during the block, whatever the block made of it.

    For drivers that use `asyncio.wait_for`: up to Python 3.11 it keeps a cancellation to itself if what it waits for is
    done at the same moment, and who tries again and again would never end.
    """
    try:
        yield
    finally:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError

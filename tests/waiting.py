"""Waits for conditions with a deadline, instead of sleeping for a fixed time."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from itertools import count

import pytest

_EAGER = 100


async def eventually(
    condition: Callable[[], bool] | Callable[[], Awaitable[bool]], what: str = "", *, seconds: float = 15.0
) -> None:
    """Return once the condition holds. Fail the test with the name `what` if it does not within `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            for attempt in count():
                if await _holds(condition):
                    return
                # Most conditions only need the other tasks to run.
                await asyncio.sleep(0 if attempt < _EAGER else 0.005)
    except TimeoutError:
        pytest.fail(f"after {seconds:g} s still not: {what or inspect.getsource(condition).strip()}")


async def _holds(condition: Callable[[], bool] | Callable[[], Awaitable[bool]]) -> bool:
    result = condition()
    return result if isinstance(result, bool) else await result

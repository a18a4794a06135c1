"""Waiting for conditions, with a deadline: what tests do instead of sleeping for luck."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable

import pytest


async def eventually(
    condition: Callable[[], bool] | Callable[[], Awaitable[bool]], what: str = "", *, seconds: float = 5.0
) -> None:
    """Return once the condition holds; fail the test, naming `what`, if it does not within `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            while not await _holds(condition):  # noqa: ASYNC110 - whatever it is that is waited for
                await asyncio.sleep(0.01)
    except TimeoutError:
        pytest.fail(f"after {seconds:g} s still not: {what or inspect.getsource(condition).strip()}")


async def _holds(condition: Callable[[], bool] | Callable[[], Awaitable[bool]]) -> bool:
    result = condition()
    return result if isinstance(result, bool) else await result

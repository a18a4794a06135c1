"""The time that the body of an upload may take."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from kernel.errors import ChatlyError, KernelReason
from services.media.upload import BodyTime


async def dripping(pause: float) -> AsyncIterator[bytes]:
    while True:
        yield b"x"
        await asyncio.sleep(pause)


async def silent() -> AsyncIterator[bytes]:
    yield b"x"
    await asyncio.Event().wait()


async def short() -> AsyncIterator[bytes]:
    yield b"a"
    yield b""
    yield b"b"


async def test_a_body_without_end_is_refused_after_the_total_time() -> None:
    with pytest.raises(ChatlyError) as rejected:
        [chunk async for chunk in BodyTime(total_seconds=0.05, idle_seconds=10).limit(dripping(0.001))]

    assert rejected.value.reason == KernelReason.DEADLINE_EXCEEDED
    assert rejected.value.metadata == {"limit_seconds": "0.05"}


async def test_a_body_that_stops_is_refused_after_the_idle_time() -> None:
    with pytest.raises(ChatlyError) as rejected:
        [chunk async for chunk in BodyTime(total_seconds=10, idle_seconds=0.05).limit(silent())]

    assert rejected.value.message == "no byte of the upload arrived for 0.05 s"


async def test_a_body_in_time_is_unchanged() -> None:
    body = BodyTime(total_seconds=10, idle_seconds=10).limit(short())

    assert [chunk async for chunk in body] == [b"a", b"", b"b"]

"""Errors that mean that Redis is unreachable, for the shared pipeline."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from kernel.errors import ChatlyError, KernelReason
from kernel.redis.pipeline import SharedPipeline
from kernel.redis.protocol import Command
from kernel.runner import background
from tests.waiting import eventually


async def test_a_hint_is_added_only_for_a_server_that_has_never_answered() -> None:
    there = False

    async def probe() -> None:
        if not there:
            raise ConnectionResetError("reset by peer")

    async def send(commands: Sequence[Command]) -> list[Any]:
        await probe()
        return [b"PONG" for _ in commands]

    async def ask() -> str:
        try:
            await pipeline.submit(("PING",))
        except ChatlyError as error:
            return error.message
        return ""

    async def answers() -> bool:
        return not await ask()

    pipeline = SharedPipeline(send=send, probe=probe, server="redis", hint=lambda problem: f" (hint for {problem})")
    async with background({"pipeline": pipeline.run}):
        assert await ask() == "redis: reset by peer (hint for reset by peer)"
        there = True
        await eventually(answers)
        there = False

        assert await ask() == "redis: reset by peer"


async def test_a_connection_reset_between_two_writes_counts_as_unreachable() -> None:
    looks = 0

    async def probe() -> None:
        nonlocal looks
        looks += 1
        if looks < 3:
            raise RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")

    async def send(_commands: Sequence[Command]) -> list[Any]:
        raise ConnectionError("nobody is there")

    pipeline = SharedPipeline(send=send, probe=probe, server="redis")
    async with background({"pipeline": pipeline.run}):
        with pytest.raises(ChatlyError) as refused:
            await pipeline.submit(("PING",))
        await eventually(lambda: looks == 3, "it looks again")
        await asyncio.sleep(0)

        assert refused.value.reason == KernelReason.STORE_UNAVAILABLE

"""The connection that listens, over a server that answers nothing and then hangs up."""

import asyncio
from typing import cast

import pytest
from redis.asyncio.connection import AbstractConnection

from kernel.bus.redis_line import Line
from kernel.runner import background
from tests.waiting import eventually


class HangsUp:
    """A connection as Line uses it: it fails when it is told to."""

    def __init__(self) -> None:
        self.over = asyncio.Event()

    async def connect(self) -> None:
        pass

    async def disconnect(self, **_options: object) -> None:
        pass

    async def send_command(self, *command: str) -> None:
        pass

    async def read_response(self, **_options: object) -> object:
        await self.over.wait()
        raise ConnectionError("the server has hung up")


@pytest.mark.parametrize("turns", range(6))
async def test_a_line_cut_off_just_when_something_is_to_be_sent_connects_again(turns: int) -> None:
    connections: list[HangsUp] = []

    async def connect() -> AbstractConnection:
        connections.append(HangsUp())
        return cast("AbstractConnection", connections[-1])

    line = Line(
        connect=connect,
        hear=lambda _name, _payload: None,
        missed=lambda: None,
        first=[],
        last=[],
        silence=60,
    )
    async with background({"line": line.run}):
        await eventually(lambda: len(connections) == 1)
        adding = asyncio.create_task(line.add(["a"]))
        for _ in range(turns):
            await asyncio.sleep(0)
        connections[0].over.set()

        await eventually(lambda: len(connections) == 2, "it connects again", seconds=5)
        await asyncio.wait_for(adding, 5)

"""The subscriber connection, with a server that answers nothing and then closes."""

import asyncio
from typing import cast

import pytest
from redis.asyncio.connection import AbstractConnection

from kernel.redis.subscriber import SubscriberConnection
from kernel.runner import background
from tests.waiting import eventually


class HangsUp:
    """A connection for SubscriberConnection. It fails after `over` is set."""

    _writer = None

    def __init__(self) -> None:
        self.over = asyncio.Event()

    async def disconnect(self, **_options: object) -> None:
        pass

    async def send_command(self, *command: str) -> None:
        pass

    async def read_response(self, **_options: object) -> object:
        await self.over.wait()
        raise ConnectionError("the server has hung up")


def a_subscriber(connections: list[HangsUp]) -> SubscriberConnection:
    """A SubscriberConnection that appends every connection it opens to a list."""

    async def connect() -> AbstractConnection:
        connections.append(HangsUp())
        return cast("AbstractConnection", connections[-1])

    return SubscriberConnection(
        connect=connect,
        on_message=lambda _name, _payload: None,
        on_gap=lambda: None,
        first=[],
        last=[],
        silence=60,
    )


async def turn(times: int) -> None:
    """Let the event loop run some iterations."""
    for _ in range(times):
        await asyncio.sleep(0)


@pytest.mark.parametrize("turns", range(6))
async def test_a_connection_lost_just_before_a_send_is_reopened(turns: int) -> None:
    connections: list[HangsUp] = []
    subscriber = a_subscriber(connections)
    async with background({"subscriber": subscriber.run}):
        await eventually(lambda: len(connections) == 1)
        adding = asyncio.create_task(subscriber.add(["a"]))
        await turn(turns)
        connections[0].over.set()

        await eventually(lambda: len(connections) == 2, "it connects again", seconds=5)
        await asyncio.wait_for(adding, 5)


@pytest.mark.parametrize("turns", range(6))
async def test_a_connection_cancelled_just_when_it_is_lost_ends(turns: int) -> None:
    connections: list[HangsUp] = []
    running = asyncio.create_task(a_subscriber(connections).run())
    await eventually(lambda: len(connections) == 1)
    await turn(5)
    connections[0].over.set()
    await turn(turns)
    running.cancel()

    await asyncio.wait([running], timeout=5)

    assert running.cancelled()

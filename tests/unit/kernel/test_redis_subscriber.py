"""The subscriber connection, with a server that answers nothing and then closes."""

import asyncio

import pytest

from kernel.redis.protocol import RedisConnection
from kernel.redis.subscriber import SubscriberConnection
from kernel.runner import background
from tests.waiting import eventually


class SilentTransport(asyncio.Transport):
    """Sends nothing."""

    def write(self, data: object) -> None:
        pass

    def abort(self) -> None:
        pass


def a_subscriber(connections: list[RedisConnection]) -> SubscriberConnection:
    """A SubscriberConnection that appends every connection it opens to a list."""

    async def connect() -> RedisConnection:
        connections.append(RedisConnection())
        connections[-1].connection_made(SilentTransport())
        return connections[-1]

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
    connections: list[RedisConnection] = []
    subscriber = a_subscriber(connections)
    async with background({"subscriber": subscriber.run}):
        await eventually(lambda: len(connections) == 1)
        adding = asyncio.create_task(subscriber.add(["a"]))
        await turn(turns)
        connections[0].connection_lost(None)

        await eventually(lambda: len(connections) == 2, "it connects again", seconds=5)
        await asyncio.wait_for(adding, 5)


@pytest.mark.parametrize("turns", range(6))
async def test_a_connection_cancelled_just_when_it_is_lost_ends(turns: int) -> None:
    connections: list[RedisConnection] = []
    running = asyncio.create_task(a_subscriber(connections).run())
    await eventually(lambda: len(connections) == 1)
    await turn(5)
    connections[0].connection_lost(None)
    await turn(turns)
    running.cancel()

    await asyncio.wait([running], timeout=5)

    assert running.cancelled()

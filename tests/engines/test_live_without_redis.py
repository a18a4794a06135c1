"""Two messaging nodes over a real Redis that is stopped or hangs: live delivery and pages continue from the log."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from history.audience import STORED_CHANNEL
from history.chat_id import ChatId
from history.model import LogEvent
from history.ports import Window
from history.unstored.fallback import FallbackHotTail
from history.unstored.memory import MemoryHotTail
from history.unstored.redis import RedisHotTail
from history.unstored.refill import refill
from history.visibility import Viewer
from kernel.ids import UserId
from kernel.redis.bus import open_redis_bus
from kernel.redis.handle import open_redis
from kernel.time import SystemClock
from services.messaging.live.follow_log import LogFollower
from tests.engines.own_redis import OwnRedis
from tests.unit.history.harness import never_refused
from tests.unit.live.builders import a_user
from tests.unit.live.harness import Backend, Client, Node, a_backend, a_node
from tests.waiting import eventually

pytestmark = pytest.mark.engines("redis")
ANN, BOB = a_user(), a_user()
PAIR = ChatId.direct(ANN, BOB)
SECONDS = 2.0


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[OwnRedis]:
    own = OwnRedis(tmp_path)
    await own.start()
    yield own
    await own.stop()


@asynccontextmanager
async def a_redis_node(backend: Backend, server: OwnRedis) -> AsyncIterator[Node]:
    """Run a node with connections of its own, as in a process of its own."""
    events, clock = backend.store.events, SystemClock()
    async with open_redis(server.settings()) as redis, open_redis_bus(redis, barriers=[STORED_CHANNEL]) as bus:
        shared = RedisHotTail(redis=redis, log_id=await backend.log.log_id())
        filled = partial(refill, tail=shared, log=backend.log, events=events)
        tail = FallbackHotTail(
            shared=shared, own=MemoryHotTail(), refill=filled, read_again=never_refused, events=events, clock=clock
        )
        async with a_node(backend, bus=bus, tail=tail) as node:
            follower = LogFollower(
                bus=bus, log=backend.log, events=events, tail=tail, watermark=node.hub.watermark, clock=clock
            )
            running = asyncio.create_task(follower.run())
            yield node
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


async def waited_for(client: Client, sent: dict[str, float]) -> float:
    """Return the longest time between a send and now until all have arrived, in seconds."""
    await eventually(lambda: sent.keys() <= set(client.ids), "all arrive")
    return time.monotonic() - min(sent.values())


@pytest.mark.parametrize("frozen", [False, True])
async def test_sixty_of_sixty_messages_arrive_and_are_shown_on_both_nodes_within_two_seconds(
    tmp_path: Path, server: OwnRedis, *, frozen: bool
) -> None:
    async with AsyncExitStack() as stack:
        backend = await stack.enter_async_context(a_backend(tmp_path / "store"))
        one = await stack.enter_async_context(a_redis_node(backend, server))
        other = await stack.enter_async_context(a_redis_node(backend, server))
        ann = await (await stack.enter_async_context(one.client(ANN))).caught_up()
        bob = await (await stack.enter_async_context(other.client(BOB))).caught_up()
        sent: dict[str, float] = {}

        async def send(node: Node, sender: UserId, text: str) -> LogEvent:
            began = time.monotonic()
            stored = await node.send(PAIR, sender, text)
            sent[str(stored.event.event_id)] = began
            return stored

        if frozen:
            server.freeze()
        else:
            await server.stop()
        for number in range(30):
            await asyncio.gather(send(one, ANN, f"one {number}"), send(other, BOB, f"other {number}"))
        # The first sends wait a second for the answer of a Redis that hangs.
        for client in (ann, bob):
            assert await waited_for(client, sent) < SECONDS + 1.0 * frozen
        for node, viewer in ((one, ANN), (other, BOB)):
            page = await node.history.page(PAIR, Window(limit=200), viewer=Viewer(viewer))
            assert {str(message.message_id) for message in page} == sent.keys()

        if frozen:
            server.thaw()
        else:
            await server.start()
        await eventually(lambda: one.bus.up and other.bus.up, "redis is used again")
        late = await send(one, ANN, "after the outage")
        for client in (ann, bob):
            await client.saw(late)
            assert set(client.ids) == sent.keys()

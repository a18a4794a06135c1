"""Everything that lies in Redis, on a cluster of three nodes."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from history.adapters.redis_claims import RedisSendClaims
from history.adapters.redis_tail import RedisHotTail
from history.model import Role
from kernel.bus.ports import BusGap, BusMessage
from kernel.bus.redis import open_redis_bus
from kernel.errors import ChatlyError
from kernel.store.redis import RedisHandle, open_redis
from services.auth.adapters.redis_attempts import RedisAttempts
from services.presence.adapters.redis_leases import RedisLeases
from services.presence.model import Connection
from tests.engines.own_redis import OwnRedis
from tests.unit.history.chronicle import A_GROUP, ANN, ANN_AND_BOB, BOB, CAT, Chronicle, stored
from tests.unit.presence.fakes import a_user
from tests.waiting import eventually

pytestmark = pytest.mark.engines("redis")
LANES = 8
SLOTS = 16_384


class Cluster:
    """Three nodes, each with a third of the slots."""

    def __init__(self, data: Path) -> None:
        options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
        self.nodes = [OwnRedis(data, *options) for _ in range(3)]

    async def start(self) -> None:
        for number, node in enumerate(self.nodes):
            await node.start()
            async with open_redis(node.settings()) as redis:
                first, last = SLOTS * number // 3, SLOTS * (number + 1) // 3 - 1
                meet = [("CLUSTER", "MEET", "127.0.0.1", other.port) for other in self.nodes[:number]]
                await redis.ask([("CLUSTER", "ADDSLOTSRANGE", first, last), *meet])
        for node in self.nodes:
            async with open_redis(node.settings()) as redis:
                await eventually(lambda redis=redis: _is_whole(redis), "the cluster is whole", seconds=20)

    async def stop(self) -> None:
        for node in self.nodes:
            await node.stop()


async def _is_whole(redis: RedisHandle) -> bool:
    (state, nodes) = await redis.ask([("CLUSTER", "INFO"), ("CLUSTER", "NODES")])
    return "cluster_state:ok" in str(state) and str(nodes).count("connected") == 3


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    made = Cluster(tmp_path)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def redis(cluster: Cluster) -> AsyncIterator[RedisHandle]:
    settings = cluster.nodes[0].settings(lanes=LANES)
    async with open_redis(replace(settings, url=settings.url.replace("redis://", "redis+cluster://"))) as opened:
        yield opened


async def test_a_watermark_is_heard_after_everything_before_it_whichever_nodes_it_came_over(redis: RedisHandle) -> None:
    channels = [f"user:{number}" for number in range(50)]
    async with open_redis_bus(redis, fences=["stored"]) as bus:
        subscription = bus.subscribe()
        await subscription.add([*channels, "stored"])
        for number in range(20):
            payload = str(number).encode()
            await bus.publish([BusMessage(channel, payload) for channel in [*channels, "stored"]])
        messages: list[BusMessage | BusGap] = []
        async with asyncio.timeout(10):
            while BusMessage("stored", b"19") not in messages:
                messages += await subscription.receive()

    for number in range(20):
        place = messages.index(BusMessage("stored", str(number).encode()))
        before = set(messages[:place])
        assert all(BusMessage(channel, str(number).encode()) in before for channel in channels)


async def test_the_tail_and_the_claims_work(redis: RedisHandle) -> None:
    tail, claims = RedisHotTail(redis=redis, log_id="log"), RedisSendClaims(redis=redis)
    chat, group = Chronicle(), Chronicle(A_GROUP)
    events = stored(
        [chat.sent(ANN, send=UUID(int=7)), group.created(ANN, BOB), group.member_set(ANN, CAT, Role.MEMBER)]
    )
    await asyncio.gather(*map(tail.add, events))

    assert {key: list(found) for key, found in (await tail.events([ANN_AND_BOB, A_GROUP])).items()} == {
        ANN_AND_BOB: events[:1],
        A_GROUP: events[1:],
    }
    assert set(await tail.chats_of(BOB)) == {ANN_AND_BOB, A_GROUP}
    assert await tail.sent(ANN, UUID(int=7)) == events[0]
    await tail.trim({0: 2})
    assert await tail.events([ANN_AND_BOB, A_GROUP]) == {}
    assert await claims.claim(ANN, UUID(int=7), UUID(int=1)) == UUID(int=1)
    assert await claims.claim(ANN, UUID(int=7), UUID(int=2)) == UUID(int=1)


async def test_leases_and_attempts_work(redis: RedisHandle) -> None:
    leases, attempts = RedisLeases(redis=redis), RedisAttempts(redis=redis)
    crowd = [Connection(a_user(), UUID(int=number)) for number in range(50)]

    assert len(await leases.hold(crowd, ttl=0.05)) == 50
    gone: set[str] = set()

    async def all_went() -> bool:
        gone.update(await leases.sweep())
        return len(gone) == 50

    await eventually(all_went)
    for _ in range(5):
        await attempts.failed(["ann", "bob"])
    assert 0 < await attempts.wait(["ann"]) <= 1


async def test_one_node_away_is_not_all_of_them(cluster: Cluster, redis: RedisHandle) -> None:
    """With a node's slots gone the others serve theirs, and everything works once it is back."""
    keys = [f"key:{number}" for number in range(30)]
    await redis.ask([("SET", key, 1) for key in keys])
    await cluster.nodes[2].stop()
    with pytest.raises(ChatlyError):
        await redis.ask([("GET", key) for key in keys])

    await cluster.nodes[2].start()

    async def works() -> bool:
        try:
            return await redis.ask([("GET", key) for key in keys]) == [b"1"] * 30
        except ChatlyError:
            return False

    await eventually(works, "all slots answer again", seconds=20)

"""All data in Redis, on a cluster of three nodes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis
from redis.crc import key_slot
from redis.exceptions import RedisError

from history.model import Role
from history.unstored.redis import RedisHotTail
from history.unstored.redis_claims import RedisSendClaims
from kernel.bus.ports import BusGap, BusMessage
from kernel.errors import ChatlyError
from kernel.redis.bus import open_redis_bus
from kernel.redis.handle import RedisHandle, Script, open_redis
from kernel.redis.protocol import Command
from kernel.redis.settings import RedisSettings
from kernel.redis.shards import Shards
from kernel.time import SystemClock
from services.auth.adapters.redis import RedisAttempts
from services.auth.attempts import AttemptLimit
from services.presence.adapters.redis import RedisLeases
from services.presence.model import Connection
from tests.engines.own_redis import OwnRedis
from tests.ports import free_ports
from tests.unit.history.builders import A_GROUP, ANN, ANN_AND_BOB, BOB, CAT, ChatBuilder, stored
from tests.unit.presence.harness import a_user
from tests.waiting import eventually

pytestmark = pytest.mark.engines("redis")
SHARDS = 8
SLOTS = 16_384


class Cluster:
    """Three nodes, each with a third of the slots."""

    def __init__(self, data: Path) -> None:
        self.replicas: list[OwnRedis] = []
        self._data = data
        self._options = (
            *("--cluster-enabled", "yes", "--cluster-node-timeout", "2000"),
            *("--repl-diskless-sync-delay", "0"),
        )
        self._talk: dict[OwnRedis, int] = {}
        """Port of each node for the others. The default, 10,000 above its port, is in the range of outgoing
        connections.
        """
        self.nodes = [self._node() for _ in range(3)]

    async def start(self) -> None:
        for number, node in enumerate(self.nodes):
            await node.start()
            first, last = -(-SLOTS * number // 3), -(-SLOTS * (number + 1) // 3) - 1
            meet = [self._meet(other) for other in self.nodes[:number]]
            await _ask(node, ("CLUSTER", "ADDSLOTSRANGE", first, last), *meet)
        for node in self.nodes:
            await eventually(partial(_is_whole, node), "the cluster is whole", seconds=20)

    def _node(self) -> OwnRedis:
        talk = next(free_ports())
        node = OwnRedis(self._data, *self._options, "--cluster-port", str(talk))
        self._talk[node] = talk
        return node

    def _meet(self, node: OwnRedis) -> Command:
        return ("CLUSTER", "MEET", "127.0.0.1", node.port, self._talk[node])

    async def stop(self) -> None:
        for node in (*self.nodes, *self.replicas):
            await node.stop()

    async def move_slot(self, key: str) -> None:
        """Move the slot of a key, which has no data, to another node."""
        slot = key_slot(key.encode())
        here = slot * 3 // SLOTS
        source, target = self.nodes[here], self.nodes[(here + 1) % 3]
        (old,), (new,) = await _ask(source, ("CLUSTER", "MYID")), await _ask(target, ("CLUSTER", "MYID"))
        # Without these two commands the slot keeps its epoch, and the third node may assign it to neither.
        await _ask(target, ("CLUSTER", "SETSLOT", slot, "IMPORTING", old.decode()))
        await _ask(source, ("CLUSTER", "SETSLOT", slot, "MIGRATING", new.decode()))
        for node in (target, source):
            await _ask(node, ("CLUSTER", "SETSLOT", slot, "NODE", new.decode()))

    async def add_replica_of(self, node: OwnRedis) -> None:
        replica = self._node()
        self.replicas.append(replica)
        await replica.start()
        (name,) = await _ask(node, ("CLUSTER", "MYID"))
        await _ask(replica, self._meet(node))

        async def accepted() -> bool:
            """The other node must be known first."""
            try:
                await _ask(replica, ("CLUSTER", "REPLICATE", name.decode()))
            except RedisError:
                return False
            return True

        async def has_everything() -> bool:
            return "master_link_status:up" in str(await _ask(replica, ("INFO", "replication")))

        await eventually(accepted, seconds=20)
        await eventually(has_everything, seconds=20)
        for other in (*self.nodes, replica):
            await eventually(partial(_is_whole, other, size=4), "everybody knows the replica", seconds=20)


async def _is_whole(node: OwnRedis, size: int = 3) -> bool:
    state, nodes = await _ask(node, ("CLUSTER", "INFO"), ("CLUSTER", "NODES"))
    return "cluster_state:ok" in str(state) and str(nodes).count(" connected") == size


async def _ask(node: OwnRedis, *commands: Command) -> list[Any]:
    """Return the replies of one node, asked directly, with a longer timeout than Chatly's for a busy machine."""
    async with Redis.from_url(f"redis://{node.address}", protocol=2, socket_timeout=20) as redis:
        redis.response_callbacks.clear()
        pipeline = redis.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        return list(await pipeline.execute())


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    made = Cluster(tmp_path)
    try:
        await made.start()
        yield made
    finally:
        await made.stop()


@pytest.fixture
async def redis(cluster: Cluster) -> AsyncIterator[RedisHandle]:
    settings = cluster.nodes[0].settings(shards=SHARDS)
    async with open_redis(replace(settings, url=settings.url.replace("redis://", "redis+cluster://"))) as opened:
        yield opened


async def test_a_watermark_arrives_after_everything_before_it_on_any_node(redis: RedisHandle) -> None:
    channels = [f"user:{number}" for number in range(50)]
    async with open_redis_bus(redis, barriers=["stored"]) as bus:
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


async def test_channels_that_move_to_another_node_report_a_gap_and_continue(
    cluster: Cluster, redis: RedisHandle
) -> None:
    async with open_redis_bus(redis) as bus:
        subscription = bus.subscribe()
        await subscription.add(["a"])
        (shard,) = Shards(count=SHARDS, prefix="", barriers=()).of("a")
        await cluster.move_slot(f"{{bus:{shard}}}")

        heard: list[BusMessage | BusGap] = []
        async with asyncio.timeout(15):
            while BusGap() not in heard:
                heard += await subscription.receive()
            while BusMessage("a", b"again?") not in heard:
                await bus.publish([BusMessage("a", b"again?")])
                with suppress(TimeoutError):
                    heard += await asyncio.wait_for(subscription.receive(), 0.1)


async def test_commands_for_a_slot_that_moved_reach_its_new_server(cluster: Cluster, redis: RedisHandle) -> None:
    await redis.ask([("PING",)])
    await cluster.move_slot("a")

    commands: list[Command] = [("SET", "b", "1"), ("SET", "a", "2"), ("GET", "a"), ("GET", "b")]
    assert await redis.ask(commands) == [b"OK", b"OK", b"2", b"1"]
    assert await redis.run(Script.of("return redis.call('GET', KEYS[1])"), ["a"]) == b"2"


async def test_scripts_without_keys_and_information_come_from_any_server(redis: RedisHandle) -> None:
    assert await redis.run(Script.of("return ARGV[1]"), [], "hello") == b"hello"
    assert b"maxmemory:0" in (await redis.submit("INFO", "memory")).splitlines()


async def test_a_replica_takes_over_from_a_node_that_died(cluster: Cluster, redis: RedisHandle) -> None:
    keys = [f"key:{number}" for number in range(30)]
    await redis.ask([("SET", key, 1) for key in keys])
    await cluster.add_replica_of(cluster.nodes[2])
    await cluster.nodes[2].stop()

    await eventually(lambda: _all_answer(redis, keys), "the replica answers in its place", seconds=20)


async def test_the_tail_and_the_claims_work(redis: RedisHandle) -> None:
    tail, claims = RedisHotTail(redis=redis, log_id="log"), RedisSendClaims(redis=redis, clock=SystemClock())
    chat, group = ChatBuilder(), ChatBuilder(A_GROUP)
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
    assert (await claims.claim(ANN, UUID(int=7), UUID(int=1))).message_id == UUID(int=1)
    assert (await claims.claim(ANN, UUID(int=7), UUID(int=2))).message_id == UUID(int=1)


async def test_leases_and_attempts_work(redis: RedisHandle) -> None:
    leases, attempts = RedisLeases(redis=redis), RedisAttempts(redis=redis)
    crowd = [Connection(a_user(), UUID(int=number)) for number in range(50)]

    assert len(await leases.hold(crowd, ttl=0.05)) == 50
    gone: set[str] = set()

    async def all_went() -> bool:
        gone.update(await leases.remove_expired())
        return len(gone) == 50

    await eventually(all_went)
    limits = [AttemptLimit("ann", free=5), AttemptLimit("bob", free=5)]
    for _ in range(5):
        assert await attempts.begin(limits) == 0
    assert 0 < await attempts.begin(limits[:1]) <= 1
    await attempts.forgive("ann", 2)
    assert await attempts.reset("ann") == 3


async def test_calls_to_an_unreachable_cluster_fail_at_once() -> None:
    settings = RedisSettings(url=f"redis+cluster://127.0.0.1:{next(free_ports())}", shards=SHARDS)
    async with asyncio.timeout(5), open_redis(settings) as redis, open_redis_bus(redis, barriers=["stored"]) as bus:
        subscription = bus.subscribe()
        await subscription.add(["a", "stored"])
        await bus.publish([BusMessage("a", b"news")])

        with pytest.raises(ChatlyError, match="Cluster"):
            await redis.ask([("GET", "a")])


async def test_without_one_node_commands_fail_fast_and_work_once_it_is_back(
    cluster: Cluster, redis: RedisHandle
) -> None:
    keys = [f"key:{number}" for number in range(30)]
    await redis.ask([("SET", key, 1) for key in keys])
    await cluster.nodes[2].stop()
    for _ in range(3):
        with pytest.raises(ChatlyError):
            await asyncio.wait_for(redis.ask([("GET", key) for key in keys]), 3)

    await cluster.nodes[2].start()

    await eventually(lambda: _all_answer(redis, keys), "all slots answer again", seconds=20)


async def _all_answer(redis: RedisHandle, keys: list[str]) -> bool:
    try:
        return await redis.ask([("GET", key) for key in keys]) == [b"1"] * len(keys)
    except ChatlyError:
        return False

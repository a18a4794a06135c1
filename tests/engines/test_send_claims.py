"""Claims in Redis prove that a send is the first one only while one server has kept all claims."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from history.unstored.redis_claims import RedisSendClaims
from kernel.errors import ChatlyError
from kernel.redis.handle import RedisHandle, open_redis
from tests.builders import a_send_id
from tests.engines.own_redis import OwnRedis
from tests.fakes import FakeClock
from tests.unit.history.builders import ANN
from tests.waiting import eventually

pytestmark = pytest.mark.engines("redis")
FIRST, SECOND = UUID(int=1), UUID(int=2)
HOUR, LOST_SOON = 3_600, 600


class Node:
    """The claims of one messaging node. Its Redis can be replaced, as after a failover."""

    def __init__(self, redis: RedisHandle, clock: FakeClock) -> None:
        self.redis, self._clock = redis, clock
        self._claims = RedisSendClaims(redis=self, clock=clock)  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> object:
        return getattr(self.redis, name)

    async def claim(self, send: UUID, message_id: UUID = FIRST) -> tuple[UUID, bool]:
        claim = await self._claims.claim(ANN, send, message_id)
        return claim.message_id, claim.is_first

    async def trusts(self) -> bool:
        """Return whether a new send is certainly the first one."""
        _, is_first = await self.claim(a_send_id(self._clock.now()))
        return is_first

    async def until_claimed(self, send: UUID) -> tuple[UUID, bool]:
        """Claim as soon as Redis is reachable again."""
        found: list[tuple[UUID, bool]] = []

        async def claimed() -> bool:
            try:
                found.append(await self.claim(send, SECOND))
            except ChatlyError:
                return False
            return True

        await eventually(claimed, "redis answers again")
        return found[-1]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@asynccontextmanager
async def a_server(data: Path, *options: str) -> AsyncIterator[OwnRedis]:
    own = OwnRedis(data, *options)
    await own.start()
    try:
        yield own
    finally:
        await own.stop()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[OwnRedis]:
    async with a_server(tmp_path) as own:
        yield own


@pytest.fixture
async def redis(server: OwnRedis) -> AsyncIterator[RedisHandle]:
    async with open_redis(server.settings()) as opened:
        yield opened


async def trusting(redis: RedisHandle, clock: FakeClock) -> Node:
    node = Node(redis, clock)
    await node.trusts()
    clock.advance(HOUR)
    assert await node.trusts()
    return node


async def test_all_nodes_trust_the_same_claims(redis: RedisHandle, clock: FakeClock) -> None:
    here, there = Node(redis, clock), Node(redis, clock)
    assert not await here.trusts(), "claims of before may be missing"
    assert not await there.trusts()
    clock.advance(HOUR)

    assert await here.trusts()
    assert await there.trusts()
    send = a_send_id(clock.now())
    assert await here.claim(send) == (FIRST, True)
    assert await there.claim(send, SECOND) == (FIRST, False)


async def test_nodes_that_start_at_once_agree(redis: RedisHandle, clock: FakeClock) -> None:
    nodes = [Node(redis, clock) for _ in range(5)]
    for _ in range(4):
        # A node that finds the period of another node joins it with its next claim.
        await asyncio.gather(*(node.trusts() for node in nodes))
    clock.advance(HOUR)

    assert all(await asyncio.gather(*(node.trusts() for node in nodes)))


async def test_many_claims_at_once_are_trusted(redis: RedisHandle, clock: FakeClock) -> None:
    node = await trusting(redis, clock)

    assert all(await asyncio.gather(*(node.trusts() for _ in range(200))))


async def _forget_keys(server: OwnRedis, redis: RedisHandle) -> None:
    await redis.ask([("FLUSHALL",)])


async def _restart(server: OwnRedis, redis: RedisHandle) -> None:
    await server.stop()
    await server.start()


async def _restart_empty(server: OwnRedis, redis: RedisHandle) -> None:
    await redis.ask([("FLUSHALL",)])
    await _restart(server, redis)


@pytest.mark.parametrize("lose", [_forget_keys, _restart, _restart_empty])
async def test_a_send_from_before_a_loss_is_not_first(
    server: OwnRedis, clock: FakeClock, lose: Callable[[OwnRedis, RedisHandle], Awaitable[None]]
) -> None:
    async with open_redis(server.settings()) as redis, open_redis(server.settings()) as other:
        node, idle = await trusting(redis, clock), await trusting(other, clock)
        # No claim of this one is kept by Redis: the loss may concern any send.
        send = a_send_id(clock.now())
        await lose(server, redis)

        assert not (await node.until_claimed(send))[1]
        await node.trusts()
        clock.advance(LOST_SOON)
        assert not (await idle.until_claimed(a_send_id(_before(clock))))[1]
        await idle.trusts()
        assert await node.trusts()
        assert await idle.trusts()


def _before(clock: FakeClock) -> datetime:
    return clock.now() - timedelta(seconds=LOST_SOON + 1)


async def test_a_send_that_a_replica_has_not_got_is_not_first_after_the_failover(
    redis: RedisHandle, server: OwnRedis, clock: FakeClock, tmp_path: Path
) -> None:
    async with a_server(tmp_path / "replica") as other, open_redis(other.settings()) as replica:
        node = await trusting(redis, clock)
        await _follow(replica, server)
        await replica.ask([("REPLICAOF", "NO", "ONE")])
        send = a_send_id(clock.now())
        assert await node.claim(send) == (FIRST, True)

        node.redis = replica

        assert await node.claim(send, SECOND) == (SECOND, False)
        assert not await Node(replica, clock).trusts(), "nodes that start now neither"


@pytest.mark.parametrize("synced", [True, False])
async def test_a_send_is_not_first_after_a_failover_and_back(
    redis: RedisHandle, server: OwnRedis, clock: FakeClock, tmp_path: Path, *, synced: bool
) -> None:
    async with a_server(tmp_path / "other") as other, open_redis(other.settings()) as second:
        node, idle = await trusting(redis, clock), await trusting(redis, clock)
        await _follow(second, server)
        await second.ask([("REPLICAOF", "NO", "ONE")])
        # The second server takes over: it has the key of the period, but another one must begin.
        node.redis = second
        assert not await node.trusts()
        clock.advance(HOUR)
        assert await node.trusts()
        # The first server still has the script of its period. It takes over in turn, without the last claim.
        if synced:
            await _follow(redis, other)
            await redis.ask([("REPLICAOF", "NO", "ONE")])
        send = a_send_id(clock.now())
        assert await node.claim(send) == (FIRST, True)

        node.redis = redis

        first_to_claim = idle if synced else node
        assert await first_to_claim.claim(send, SECOND) == (SECOND, False)
        clock.advance(LOST_SOON)
        assert not (await node.claim(a_send_id(_before(clock))))[1]
        assert not (await idle.claim(a_send_id(_before(clock))))[1]


async def _follow(replica: RedisHandle, primary: OwnRedis) -> None:
    await replica.ask([("REPLICAOF", *primary.address.split(":"))])

    async with open_redis(primary.settings()) as redis:
        await redis.ask([("SET", "the last", "write")])

        async def has_everything() -> bool:
            return bool((await replica.ask([("GET", "the last")]))[0])

        await eventually(has_everything, "the replica follows")
        await redis.ask([("DEL", "the last")])


async def test_sends_of_a_node_without_redis_are_not_first_for_the_others(server: OwnRedis, clock: FakeClock) -> None:
    async with open_redis(server.settings()) as redis, open_redis(server.settings()) as other:
        there, cut_off = await trusting(other, clock), await trusting(redis, clock)
        server.freeze()
        send = a_send_id(clock.now())
        with pytest.raises(ChatlyError):
            await cut_off.claim(send)
        server.thaw()
        await cut_off.until_claimed(a_send_id(clock.now()))

        clock.advance(LOST_SOON)
        assert not (await there.claim(a_send_id(_before(clock)), SECOND))[1]
        assert not (await there.claim(a_send_id(_before(clock)), SECOND))[1]
        assert await there.trusts()


async def test_no_send_is_first_while_redis_may_evict_claims(redis: RedisHandle, clock: FakeClock) -> None:
    node, other = await trusting(redis, clock), await trusting(redis, clock)
    await redis.ask([("CONFIG", "SET", "maxmemory", "100mb", "maxmemory-policy", "volatile-lru")])
    evicted = a_send_id(clock.now())
    clock.advance(1)
    assert not await node.trusts()
    assert not await other.trusts()

    await redis.ask([("CONFIG", "SET", "maxmemory-policy", "noeviction")])
    clock.advance(LOST_SOON)

    assert not (await node.claim(evicted))[1]
    assert not (await other.claim(a_send_id(_before(clock))))[1]
    await node.trusts()
    clock.advance(LOST_SOON)
    assert await node.trusts()
    assert await Node(redis, clock).trusts()


async def test_a_lost_script_begins_a_new_period(redis: RedisHandle, clock: FakeClock) -> None:
    node = await trusting(redis, clock)
    await redis.ask([("SCRIPT", "FLUSH")])

    assert not await node.trusts()
    clock.advance(HOUR)
    assert await node.trusts()


async def test_an_unreadable_period_begins_a_new_one(redis: RedisHandle, clock: FakeClock) -> None:
    await redis.ask([("SET", redis.key("claims"), b"\xff what")])

    await trusting(redis, clock)

"""Leases of several nodes in one Redis, by the server's clock."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from kernel.ids import UserId
from kernel.redis.handle import RedisHandle
from services.presence.adapters.redis import RedisLeases
from services.presence.model import Connection
from tests.engines.redis_installation import fresh_redis, keys
from tests.unit.presence.harness import a_user
from tests.waiting import eventually

pytestmark = pytest.mark.engines("redis")
LONG, SHORT = 60.0, 0.05


@pytest.fixture
async def redis(redis_url: str, fresh_name: str) -> AsyncIterator[RedisHandle]:
    async with fresh_redis(redis_url, fresh_name) as opened:
        yield opened


def a_crowd(size: int) -> list[Connection]:
    return [Connection(a_user(), uuid4()) for _ in range(size)]


async def test_of_nodes_that_sweep_at_once_one_reports_each_user(redis: RedisHandle) -> None:
    nodes = [RedisLeases(redis=redis) for _ in range(3)]
    crowd = a_crowd(300)
    await nodes[0].hold(crowd, ttl=SHORT)
    released: Counter[UserId] = Counter()

    async def everybody_went() -> bool:
        for gone in await asyncio.gather(*(node.remove_expired() for node in nodes)):
            released.update(gone.keys())
        return len(released) == len(crowd)

    await eventually(everybody_went)
    assert set(released.values()) == {1}


async def test_of_nodes_that_create_a_users_first_lease_at_once_one_reports_the_user_online(redis: RedisHandle) -> None:
    nodes, users = [RedisLeases(redis=redis) for _ in range(3)], [a_user() for _ in range(50)]
    came = await asyncio.gather(
        *(node.hold([Connection(user, UUID(int=at)) for user in users], ttl=LONG) for at, node in enumerate(nodes))
    )

    assert sorted(user for some in came for user in some) == sorted(users)


async def test_a_device_on_another_node_keeps_its_user_online(redis: RedisHandle) -> None:
    here, there = RedisLeases(redis=redis), RedisLeases(redis=redis)
    (phone,) = a_crowd(1)
    laptop = Connection(phone.user_id, uuid4())
    (stranger,) = a_crowd(1)
    await here.hold([phone, stranger], ttl=SHORT)
    await there.hold([laptop], ttl=LONG)

    gone: set[UserId] = set()

    async def the_stranger_went() -> bool:
        gone.update(await here.remove_expired())
        return stranger.user_id in gone

    await eventually(the_stranger_went)
    assert phone.user_id not in gone
    await there.release(laptop, grace=SHORT)
    await eventually(lambda: _goes(here, phone.user_id))


async def test_last_seen_uses_the_servers_clock(redis: RedisHandle) -> None:
    leases, (phone,) = RedisLeases(redis=redis), a_crowd(1)
    await leases.hold([phone], ttl=SHORT)
    seen: dict[UserId, datetime] = {}

    async def went() -> bool:
        seen.update(await leases.remove_expired())
        return bool(seen)

    await eventually(went)
    assert abs(datetime.now(UTC) - seen[phone.user_id]) < timedelta(seconds=30)


async def test_all_keys_expire_except_the_index_which_the_sweep_empties(redis: RedisHandle) -> None:
    leases, crowd = RedisLeases(redis=redis), a_crowd(20)
    await leases.hold(crowd, ttl=SHORT)
    assert redis.key(f"online_users:{{{crowd[0].user_id}}}") in await keys(redis)
    gone: set[UserId] = set()

    async def everybody_went() -> bool:
        gone.update(await leases.remove_expired())
        return len(gone) == len(crowd)

    await eventually(everybody_went)
    left = await keys(redis)
    assert left
    assert all("online_state" in key for key in left)
    assert min(await redis.ask([("TTL", key) for key in left])) > 0


async def _goes(leases: RedisLeases, user_id: UserId) -> bool:
    return user_id in await leases.remove_expired()

"""One hot tail for several nodes, and the keys it leaves in Redis."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from history.model import Role
from history.unstored.redis import RedisHotTail
from kernel.redis.handle import RedisHandle
from tests.engines.redis_installation import fresh_redis, keys
from tests.unit.history.builders import A_GROUP, ANN, ANN_AND_BOB, BOB, CAT, ChatBuilder, stored

pytestmark = pytest.mark.engines("redis")


@pytest.fixture
async def redis(redis_url: str, fresh_name: str) -> AsyncIterator[RedisHandle]:
    async with fresh_redis(redis_url, fresh_name) as opened:
        yield opened


def a_tail(redis: RedisHandle, log_id: str = "log") -> RedisHotTail:
    return RedisHotTail(redis=redis, log_id=log_id)


async def keys_left(redis: RedisHandle) -> set[str]:
    """Without the prefixes of the installation and the log."""
    return {key.removeprefix(redis.key("tail:log:")) for key in await keys(redis)}


async def test_a_node_reads_events_of_another_node(redis: RedisHandle) -> None:
    here, there = a_tail(redis), a_tail(redis)
    (event,) = stored([ChatBuilder().sent(ANN, send=UUID(int=7))])
    await here.add(event)

    assert list((await there.events([ANN_AND_BOB]))[ANN_AND_BOB]) == [event]
    assert await there.sent(ANN, UUID(int=7)) == event
    assert list(await there.chats_of(BOB)) == [ANN_AND_BOB]


async def test_nodes_that_refill_and_trim_at_once_keep_unstored_events(redis: RedisHandle) -> None:
    nodes = [a_tail(redis) for _ in range(3)]
    chat = ChatBuilder()
    events = stored([chat.sent() for _ in range(1_200)])
    await asyncio.gather(*(node.add(event) for node in nodes for event in events))
    await asyncio.gather(*(node.trim({0: 1_189}) for node in nodes))

    for node in nodes:
        assert list((await node.events([ANN_AND_BOB]))[ANN_AND_BOB]) == events[1_190:]


async def test_a_trimmed_tail_keeps_only_entries_of_chats_and_drops_them_on_the_next_read(
    redis: RedisHandle,
) -> None:
    tail, group = a_tail(redis), ChatBuilder(A_GROUP)
    for event in stored([group.created(ANN, BOB), group.sent(ANN), group.member_set(ANN, CAT, Role.MEMBER)]):
        await tail.add(event)
    await tail.trim({0: 2})
    assert await keys_left(redis) == {f"user:{user_id}" for user_id in (ANN, BOB, CAT)}

    for user_id in (ANN, BOB, CAT):
        assert list(await tail.chats_of(user_id)) == []
    assert await keys_left(redis) == set()


async def test_each_log_has_its_own_tail(redis: RedisHandle) -> None:
    await a_tail(redis, "an old log").add(*stored([ChatBuilder().sent()]))

    assert await a_tail(redis, "a new log").events([ANN_AND_BOB]) == {}


async def test_everything_in_the_tail_expires(redis: RedisHandle) -> None:
    await a_tail(redis).add(*stored([ChatBuilder().sent()]))

    for key in await keys_left(redis):
        (seconds,) = await redis.ask([("TTL", redis.key(f"tail:log:{key}"))])
        assert seconds > 3_600, key

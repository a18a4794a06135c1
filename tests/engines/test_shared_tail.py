"""One hot tail for several nodes, and the keys it leaves in Redis."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from history.codec import encode
from history.model import LogEvent, MessageSent, Role
from history.unstored.fallback import FallbackHotTail
from history.unstored.memory import MemoryHotTail
from history.unstored.redis import RedisHotTail
from history.unstored.refill import TailRenewal, read_again, refill
from kernel.redis.handle import RedisHandle
from tests.engines.redis_installation import fresh_redis, keys
from tests.unit.history.builders import A_GROUP, ANN, ANN_AND_BOB, BOB, CAT, ChatBuilder, stored
from tests.unit.log.harness import Mesh, Run

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


async def test_an_event_of_an_epoch_that_is_over_is_refused(redis: RedisHandle) -> None:
    here, there, chat = a_tail(redis), a_tail(redis), ChatBuilder()
    await here.refuse({0: 5})
    await here.refuse({0: 3})
    (old,), (new,), (other,) = (
        stored([chat.sent()], start=5),
        stored([chat.sent()], start=6),
        stored([ChatBuilder(A_GROUP).sent()], start=1, partition=1),
    )

    assert [await there.add(event) for event in (old, new, other)] == [False, True, True]
    assert list((await here.events([ANN_AND_BOB]))[ANN_AND_BOB]) == [new]
    assert await keys_left(redis) >= {f"events:{ANN_AND_BOB}", f"events:{A_GROUP}"}


async def test_a_node_that_does_not_know_the_newest_epoch_adds_what_other_nodes_show(
    redis: RedisHandle, tmp_path: Path
) -> None:
    mesh = Mesh(tmp_path)
    async with mesh.run() as here, here.another_node() as there:
        tail, other = node_tail(redis, here), node_tail(redis, there)
        renewal = TailRenewal(tail=tail, log=here.log, events=here.store.events)
        await renewal.step()
        await send(there, other, "before")
        for number in range(4):
            await send(here, tail, f"lost {number}")
        mesh.cut_log(4)
        # Only the node that had appended these four notices that they are lost.
        await send(here, tail, "first")
        await renewal.step()
        assert (here.log.ordinals.number, there.log.ordinals.number) == (1, 0)

        await send(there, other, "second")

        shown = (await tail.events([ANN_AND_BOB]))[ANN_AND_BOB]
        assert [text_in(event) for event in shown] == ["before", "first", "second"]
        assert there.log.ordinals.number == 1


def node_tail(redis: RedisHandle, run: Run) -> FallbackHotTail:
    shared = a_tail(redis)
    return FallbackHotTail(
        shared=shared,
        own=MemoryHotTail(),
        refill=partial(refill, tail=shared, log=run.log, events=run.store.events),
        read_again=partial(read_again, run.log),
        events=run.store.events,
        clock=run.clock,
    )


async def send(run: Run, tail: FallbackHotTail, text: str) -> None:
    event = run.chat.event(ANN, MessageSent(uuid4(), text))
    await tail.add(LogEvent(await run.log.append(ANN_AND_BOB, encode(event)), event))


def text_in(event: LogEvent) -> str:
    assert isinstance(event.event.change, MessageSent)
    return event.event.change.text

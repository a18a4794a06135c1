"""The contract of LiveBus, for every adapter."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from kernel.bus.memory import MemoryBus
from kernel.bus.ports import BusGap, BusMessage, BusSubscription, LiveBus
from kernel.redis.bus import open_redis_bus
from tests.engines.redis_installation import fresh_redis

CAPACITY = 100
BARRIER = "stored"
SHARDS = {"redis": 1, "redis, as on a cluster": 4}


@pytest.fixture(params=["memory", *(pytest.param(name, marks=pytest.mark.engines("redis")) for name in SHARDS)])
async def bus(request: pytest.FixtureRequest, fresh_name: str) -> AsyncIterator[LiveBus]:
    if request.param == "memory":
        yield MemoryBus(capacity=CAPACITY)
        return
    url: str = request.getfixturevalue("redis_url")
    async with (
        fresh_redis(url, fresh_name, shards=SHARDS[request.param]) as redis,
        open_redis_bus(redis, barriers=[BARRIER], capacity=CAPACITY) as opened,
    ):
        yield opened


def _message(channel: str, number: int = 0) -> BusMessage:
    return BusMessage(channel, str(number).encode())


async def heard(subscription: BusSubscription, *, until: BusMessage) -> list[BusMessage | BusGap]:
    """Receive until a message arrives; return everything."""
    messages: list[BusMessage | BusGap] = []
    async with asyncio.timeout(10):
        while until not in messages:
            messages += await subscription.receive()
    return messages


async def everything_has_gone(bus: LiveBus) -> None:
    """Wait until everything that was published so far has arrived."""
    barrier = bus.subscribe()
    await barrier.add([BARRIER])
    await bus.publish([_message(BARRIER)])
    await heard(barrier, until=_message(BARRIER))
    await barrier.close()


async def test_a_subscription_gets_messages_of_its_channels_only(bus: LiveBus) -> None:
    subscription = bus.subscribe()
    await subscription.add(["a", "b"])
    await bus.publish([_message("a"), _message("c"), _message("b"), _message("a", 1)])

    messages = await heard(subscription, until=_message("a", 1))
    messages = messages if _message("b") in messages else messages + await heard(subscription, until=_message("b"))
    assert sorted(messages, key=str) == [_message("a"), _message("a", 1), _message("b")]


async def test_messages_of_a_channel_keep_their_order(bus: LiveBus) -> None:
    subscription = bus.subscribe()
    await subscription.add(["a"])
    for number in range(50):
        await bus.publish([_message("a", number)])

    assert await heard(subscription, until=_message("a", 49)) == [_message("a", number) for number in range(50)]


async def test_all_subscriptions_get_a_message(bus: LiveBus) -> None:
    subscriptions = [bus.subscribe() for _ in range(3)]
    for subscription in subscriptions:
        await subscription.add(["a"])
    await bus.publish([_message("a")])

    assert [await heard(subscription, until=_message("a")) for subscription in subscriptions] == [[_message("a")]] * 3


async def test_receive_waits_for_the_first_message(bus: LiveBus) -> None:
    subscription = bus.subscribe()
    await subscription.add(["a"])
    waiting = asyncio.create_task(subscription.receive())
    await asyncio.sleep(0)
    assert not waiting.done()
    await bus.publish([_message("a")])

    assert list(await asyncio.wait_for(waiting, 5)) == [_message("a")]


async def test_a_removed_channel_delivers_nothing(bus: LiveBus) -> None:
    subscription = bus.subscribe()
    await subscription.add(["a", "b"])
    await subscription.remove(["a", "never added"])
    await bus.publish([_message("a")])
    await bus.publish([_message("b")])

    assert await heard(subscription, until=_message("b")) == [_message("b")]


async def test_a_channel_added_twice_delivers_once(bus: LiveBus) -> None:
    subscription = bus.subscribe()
    await subscription.add(["a"])
    await subscription.add(["a"])
    await bus.publish([_message("a"), _message("a", 1)])

    assert await heard(subscription, until=_message("a", 1)) == [_message("a"), _message("a", 1)]


async def test_a_subscription_that_does_not_read_gets_a_gap_before_the_newest_messages(bus: LiveBus) -> None:
    slow, quick, watcher = bus.subscribe(), bus.subscribe(), bus.subscribe()
    await slow.add(["a"])
    await quick.add(["b"])
    await watcher.add(["a"])
    await bus.publish([_message("a", number) for number in range(CAPACITY + 1)])
    await bus.publish([_message("b")])

    assert await heard(quick, until=_message("b")) == [_message("b")]
    await heard(watcher, until=_message("a", CAPACITY))
    await bus.publish([_message("a", CAPACITY + 1)])
    messages = await heard(slow, until=_message("a", CAPACITY + 1))
    assert BusGap() in messages
    assert messages.index(BusGap()) < messages.index(_message("a", CAPACITY))


async def test_publishing_without_subscriptions_does_nothing(bus: LiveBus) -> None:
    await bus.publish([_message("a")])
    await everything_has_gone(bus)
    late = bus.subscribe()
    await late.add(["a"])
    await bus.publish([_message("a", 2)])

    assert await heard(late, until=_message("a", 2)) == [_message("a", 2)]


async def test_closing_a_subscription_does_not_affect_others(bus: LiveBus) -> None:
    gone, here = bus.subscribe(), bus.subscribe()
    await gone.add(["a"])
    await here.add(["a"])
    await gone.close()
    await bus.publish([_message("a")])

    assert await heard(here, until=_message("a")) == [_message("a")]


async def test_a_barrier_arrives_after_everything_that_was_published_before(bus: LiveBus) -> None:
    subscription = bus.subscribe()
    channels = [f"user:{number}" for number in range(8)]
    await subscription.add([*channels, BARRIER])
    for number in range(10):
        await bus.publish([*(_message(channel, number) for channel in channels), _message(BARRIER, number)])

    messages = await heard(subscription, until=_message(BARRIER, 9))
    assert len(messages) == len(set(messages)) == 90
    for number in range(10):
        place = messages.index(_message(BARRIER, number))
        assert all(messages.index(_message(channel, number)) < place for channel in channels)


async def test_delivered_messages_reach_the_channels_of_this_process_and_a_gap_reaches_all(bus: LiveBus) -> None:
    one, other = bus.subscribe(), bus.subscribe()
    await one.add(["a", "b"])
    await other.add(["b"])
    await bus.deliver([_message("a"), BusGap()])

    assert list(await asyncio.wait_for(one.receive(), 5)) == [_message("a"), BusGap()]
    assert list(await asyncio.wait_for(other.receive(), 5)) == [BusGap()]


async def test_a_bus_is_up_while_nothing_fails(bus: LiveBus) -> None:
    subscription = bus.subscribe()
    await subscription.add(["a"])

    assert bus.up


async def test_equal_messages_arrive_as_often_as_they_are_published(bus: LiveBus) -> None:
    subscription = bus.subscribe()
    await subscription.add(["a"])
    await bus.publish([_message("a")] * 3)
    await everything_has_gone(bus)
    await bus.publish([_message("a", 1)])

    assert await heard(subscription, until=_message("a", 1)) == [*[_message("a")] * 3, _message("a", 1)]

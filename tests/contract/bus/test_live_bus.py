"""What LiveBus promises, asked of every adapter that makes the promise."""

import asyncio

import pytest

from kernel.bus.memory import MemoryBus
from kernel.bus.ports import BusGap, BusMessage, LiveBus

CAPACITY = 100


@pytest.fixture(params=["memory"])
def bus() -> LiveBus:
    return MemoryBus(capacity=CAPACITY)


def _message(channel: str, number: int = 0) -> BusMessage:
    return BusMessage(channel, str(number).encode())


async def test_a_subscriber_hears_its_channels_and_no_others(bus: LiveBus) -> None:
    subscription = bus.subscribe()
    await subscription.add(["a", "b"])
    await bus.publish([_message("a"), _message("c"), _message("b")])

    assert list(await subscription.receive()) == [_message("a"), _message("b")]


async def test_messages_of_a_channel_keep_their_order(bus: LiveBus) -> None:
    subscription = bus.subscribe()
    await subscription.add(["a"])
    for number in range(50):
        await bus.publish([_message("a", number)])

    assert list(await subscription.receive()) == [_message("a", number) for number in range(50)]


async def test_everybody_who_listens_hears(bus: LiveBus) -> None:
    subscriptions = [bus.subscribe() for _ in range(3)]
    for subscription in subscriptions:
        await subscription.add(["a"])
    await bus.publish([_message("a")])

    assert [list(await subscription.receive()) for subscription in subscriptions] == [[_message("a")]] * 3


async def test_receive_waits_for_the_first_message(bus: LiveBus) -> None:
    subscription = bus.subscribe()
    await subscription.add(["a"])
    waiting = asyncio.create_task(subscription.receive())
    await asyncio.sleep(0)
    assert not waiting.done()
    await bus.publish([_message("a")])

    assert list(await asyncio.wait_for(waiting, 5)) == [_message("a")]


async def test_a_channel_that_was_removed_is_silent(bus: LiveBus) -> None:
    subscription = bus.subscribe()
    await subscription.add(["a", "b"])
    await subscription.remove(["a", "never added"])
    await bus.publish([_message("a"), _message("b")])

    assert list(await subscription.receive()) == [_message("b")]


async def test_a_channel_added_twice_is_heard_once(bus: LiveBus) -> None:
    subscription = bus.subscribe()
    await subscription.add(["a"])
    await subscription.add(["a"])
    await bus.publish([_message("a")])

    assert list(await subscription.receive()) == [_message("a")]


async def test_who_does_not_read_gets_a_gap_before_what_is_newest(bus: LiveBus) -> None:
    slow, quick = bus.subscribe(), bus.subscribe()
    await slow.add(["a"])
    await quick.add(["b"])
    await bus.publish([_message("a", number) for number in range(CAPACITY + 1)])
    await bus.publish([_message("b")])

    heard = list(await slow.receive())
    assert heard[0] == BusGap()
    assert heard[-1] == _message("a", CAPACITY)
    assert len(heard) <= CAPACITY
    assert list(await quick.receive()) == [_message("b")]


async def test_publishing_to_nobody_does_nothing(bus: LiveBus) -> None:
    await bus.publish([_message("a")])
    late = bus.subscribe()
    await late.add(["a"])
    await bus.publish([_message("a", 2)])

    assert list(await late.receive()) == [_message("a", 2)]


async def test_a_closed_subscription_leaves_the_others_alone(bus: LiveBus) -> None:
    gone, here = bus.subscribe(), bus.subscribe()
    await gone.add(["a"])
    await here.add(["a"])
    await gone.close()
    await bus.publish([_message("a")])

    assert list(await here.receive()) == [_message("a")]

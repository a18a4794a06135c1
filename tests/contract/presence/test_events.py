"""Contract of EventPublisher and EventFeed, for every adapter."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid1

import pytest

from kernel.bus.memory import MemoryBus
from kernel.bus.ports import BusMessage
from services.presence.adapters.bus import BusEventPublisher, open_bus_event_feed
from services.presence.model import (
    BLOCKS_CHANNEL,
    BlockChanged,
    Connection,
    ContactsChanged,
    CustomStatus,
    DeviceConnected,
    EventGap,
    Presence,
    PresenceEvent,
    StateChanged,
    Topic,
)
from services.presence.ports import EventFeed
from tests.builders import NOON
from tests.unit.presence.harness import a_user

ANN, BOB = a_user(), a_user()
EVERYTHING_OF_ANN = [*((topic, ANN) for topic in Topic), BLOCKS_CHANNEL]


async def received(feed: EventFeed) -> Sequence[PresenceEvent | EventGap]:
    async with asyncio.timeout(10):
        return await feed.receive()


@pytest.mark.parametrize(
    "event",
    [
        StateChanged(Presence(ANN)),
        BlockChanged(ANN, BOB, present=True),
        BlockChanged(BOB, ANN, present=False),
        StateChanged(Presence(ANN, online=True, version=7, status=CustomStatus("at lunch", "🍜"))),
        StateChanged(
            Presence(ANN, last_seen_at=NOON, version=1 << 60, status=CustomStatus("a", "", NOON + timedelta(days=1)))
        ),
        ContactsChanged(ANN),
        DeviceConnected(Connection(ANN, uuid1()), "Télé\U0001f4f1"),
    ],
)
async def test_events_arrive_as_published(event: PresenceEvent) -> None:
    bus = MemoryBus()
    async with open_bus_event_feed(bus) as feed:
        await feed.subscribe(EVERYTHING_OF_ANN)
        await BusEventPublisher(bus=bus).publish([event])

        assert list(await received(feed)) == [event]


async def test_only_subscribed_channels_are_received() -> None:
    bus = MemoryBus()
    publisher = BusEventPublisher(bus=bus)
    async with open_bus_event_feed(bus) as feed:
        await feed.subscribe([*EVERYTHING_OF_ANN, (Topic.STATE, BOB)])
        await feed.unsubscribe([(Topic.STATE, BOB)])
        await publisher.publish([StateChanged(Presence(BOB)), ContactsChanged(BOB), ContactsChanged(ANN)])

        assert list(await received(feed)) == [ContactsChanged(ANN)]


async def test_a_gap_in_the_bus_becomes_an_event_gap() -> None:
    bus = MemoryBus(capacity=1)
    publisher = BusEventPublisher(bus=bus)
    async with open_bus_event_feed(bus) as feed:
        await feed.subscribe(EVERYTHING_OF_ANN)
        await publisher.publish([ContactsChanged(ANN), ContactsChanged(ANN)])

        assert EventGap() in await received(feed)


async def test_any_message_on_the_contacts_channel_means_that_contacts_changed() -> None:
    bus = MemoryBus()
    async with open_bus_event_feed(bus) as feed:
        await feed.subscribe(EVERYTHING_OF_ANN)
        await bus.publish([BusMessage(f"contacts:{ANN}", b"whatever")])

        assert list(await received(feed)) == [ContactsChanged(ANN)]


@pytest.mark.parametrize("channel", [f"presence:{ANN}", f"devices:{ANN}"])
async def test_unreadable_messages_are_dropped(channel: str) -> None:
    bus = MemoryBus()
    async with open_bus_event_feed(bus) as feed:
        await feed.subscribe(EVERYTHING_OF_ANN)
        await bus.publish([BusMessage(channel, b"\xff\xff"), BusMessage(f"contacts:{ANN}", b"")])

        assert list(await received(feed)) == [ContactsChanged(ANN)]

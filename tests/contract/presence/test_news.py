"""What NewsSender and NewsFeed promise together, asked of every adapter that makes the promise."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid1

import pytest

from kernel.bus.memory import MemoryBus
from kernel.bus.ports import BusMessage
from services.presence.adapters.bus.news import BusNewsSender, open_bus_news_feed
from services.presence.model import (
    Connection,
    ContactsChanged,
    CustomStatus,
    DeviceConnected,
    News,
    NewsGap,
    Presence,
    StateChanged,
    Topic,
)
from services.presence.ports import NewsFeed
from tests.builders import NOON
from tests.unit.presence.fakes import a_user

ANN, BOB = a_user(), a_user()
EVERYTHING_OF_ANN = [(topic, ANN) for topic in Topic]


async def heard(feed: NewsFeed) -> Sequence[News | NewsGap]:
    async with asyncio.timeout(10):
        return await feed.receive()


@pytest.mark.parametrize(
    "news",
    [
        StateChanged(Presence(ANN)),
        StateChanged(Presence(ANN, online=True, version=7, status=CustomStatus("at lunch", "🍜"))),
        StateChanged(
            Presence(ANN, last_seen_at=NOON, version=1 << 60, status=CustomStatus("a", "", NOON + timedelta(days=1)))
        ),
        ContactsChanged(ANN),
        DeviceConnected(Connection(ANN, uuid1()), "Télé\U0001f4f1"),
    ],
)
async def test_news_arrive_as_they_were_told(news: News) -> None:
    bus = MemoryBus()
    async with open_bus_news_feed(bus) as feed:
        await feed.add(EVERYTHING_OF_ANN)
        await BusNewsSender(bus=bus).publish([news])

        assert list(await heard(feed)) == [news]


async def test_only_what_was_asked_for_is_heard() -> None:
    bus = MemoryBus()
    sender = BusNewsSender(bus=bus)
    async with open_bus_news_feed(bus) as feed:
        await feed.add([*EVERYTHING_OF_ANN, (Topic.STATE, BOB)])
        await feed.remove([(Topic.STATE, BOB)])
        await sender.publish([StateChanged(Presence(BOB)), ContactsChanged(BOB), ContactsChanged(ANN)])

        assert list(await heard(feed)) == [ContactsChanged(ANN)]


async def test_a_gap_in_the_bus_is_told() -> None:
    bus = MemoryBus(capacity=1)
    sender = BusNewsSender(bus=bus)
    async with open_bus_news_feed(bus) as feed:
        await feed.add(EVERYTHING_OF_ANN)
        await sender.publish([ContactsChanged(ANN), ContactsChanged(ANN)])

        assert NewsGap() in await heard(feed)


async def test_anything_on_the_contacts_channel_means_that_contacts_changed() -> None:
    bus = MemoryBus()
    async with open_bus_news_feed(bus) as feed:
        await feed.add(EVERYTHING_OF_ANN)
        await bus.publish([BusMessage(f"contacts:{ANN}", b"whatever")])

        assert list(await heard(feed)) == [ContactsChanged(ANN)]


@pytest.mark.parametrize("channel", [f"presence:{ANN}", f"devices:{ANN}"])
async def test_bytes_that_make_no_sense_are_passed_over(channel: str) -> None:
    bus = MemoryBus()
    async with open_bus_news_feed(bus) as feed:
        await feed.add(EVERYTHING_OF_ANN)
        await bus.publish([BusMessage(channel, b"\xff\xff"), BusMessage(f"contacts:{ANN}", b"")])

        assert list(await heard(feed)) == [ContactsChanged(ANN)]

"""News of presence over the live bus."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

from kernel.bus.ports import BusGap, BusMessage, BusSubscription, LiveBus
from kernel.telemetry.logs import logger
from services.presence.api.mapping import channel_name, pack_news, unpack_news
from services.presence.model import Channel, News, NewsGap


class BusNewsSender:
    """NewsSender: one bus message per piece of news, to the channel of the user it is about."""

    def __init__(self, *, bus: LiveBus) -> None:
        self._bus = bus

    async def publish(self, news: Sequence[News]) -> None:
        packed = (pack_news(item) for item in news)
        await self._bus.publish([BusMessage(channel_name(channel), payload) for channel, payload in packed])


class BusNewsFeed:
    """NewsFeed: one subscription for the whole node."""

    def __init__(self, *, subscription: BusSubscription) -> None:
        self._subscription = subscription
        self._log = logger("presence")

    async def add(self, channels: Iterable[Channel]) -> None:
        await self._subscription.add(channel_name(channel) for channel in channels)

    async def remove(self, channels: Iterable[Channel]) -> None:
        await self._subscription.remove(channel_name(channel) for channel in channels)

    async def receive(self) -> Sequence[News | NewsGap]:
        news = (self._news(message) for message in await self._subscription.receive())
        return [item for item in news if item is not None]

    def _news(self, message: BusMessage | BusGap) -> News | NewsGap | None:
        if isinstance(message, BusGap):
            return NewsGap()
        try:
            return unpack_news(message.channel, message.payload)
        except ValueError as error:
            self._log.warning("news that cannot be read", channel=message.channel, error=str(error))
            return None


@asynccontextmanager
async def open_bus_news_feed(bus: LiveBus) -> AsyncIterator[BusNewsFeed]:
    """Subscribe; unsubscribe at the end."""
    subscription = bus.subscribe()
    try:
        yield BusNewsFeed(subscription=subscription)
    finally:
        await subscription.close()

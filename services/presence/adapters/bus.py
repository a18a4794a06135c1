"""Sending and receiving presence events over the live bus."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

from kernel.bus.ports import BusGap, BusMessage, BusSubscription, LiveBus
from kernel.telemetry.logs import logger
from services.presence.api.mapping import channel_name, pack_event, unpack_event
from services.presence.model import Channel, EventGap, PresenceEvent


class BusEventPublisher:
    """EventPublisher that sends one bus message per event."""

    def __init__(self, *, bus: LiveBus) -> None:
        self._bus = bus

    async def publish(self, events: Sequence[PresenceEvent]) -> None:
        packed = (pack_event(event) for event in events)
        await self._bus.publish([BusMessage(channel_name(channel), payload) for channel, payload in packed])


class BusEventFeed:
    """EventFeed over a bus subscription. A node has one such subscription."""

    def __init__(self, *, subscription: BusSubscription) -> None:
        self._subscription = subscription
        self._log = logger("presence")

    async def subscribe(self, channels: Iterable[Channel]) -> None:
        await self._subscription.add(channel_name(channel) for channel in channels)

    async def unsubscribe(self, channels: Iterable[Channel]) -> None:
        await self._subscription.remove(channel_name(channel) for channel in channels)

    async def receive(self) -> Sequence[PresenceEvent | EventGap]:
        events = (self._event(message) for message in await self._subscription.receive())
        return [event for event in events if event is not None]

    def _event(self, message: BusMessage | BusGap) -> PresenceEvent | EventGap | None:
        if isinstance(message, BusGap):
            return EventGap()
        try:
            return unpack_event(message.channel, message.payload)
        except ValueError as error:
            self._log.warning("unreadable presence event dropped", channel=message.channel, error=str(error))
            return None


@asynccontextmanager
async def open_bus_event_feed(bus: LiveBus) -> AsyncIterator[BusEventFeed]:
    """Open a bus subscription, and close it at exit."""
    subscription = bus.subscribe()
    try:
        yield BusEventFeed(subscription=subscription)
    finally:
        await subscription.close()

"""Receives messages of the live bus for all streams of this node, and passes them to the streams. Keeps no events."""

import asyncio
from collections.abc import Mapping

from history.audience import STORED_CHANNEL, chat_channel
from history.chat_id import ChatId
from history.codec import Ephemeral, unpack
from history.model import Membership
from history.ports import EventReader, HotTail
from history.watermark import decode_watermark
from kernel.bus.ports import BusGap, BusMessage, LiveBus
from kernel.errors import ChatlyError, KernelReason, unavailable
from kernel.telemetry.logs import logger
from services.messaging.live.broadcast import Broadcaster
from services.messaging.live.channels import Channel, Channels
from services.messaging.live.cursor import Watermark
from services.messaging.live.encoding import Delivery, DeliveryEncoder
from services.messaging.live.send_queue import WriteBatcher
from services.messaging.live.subscriber import Subscriber


class Hub:
    """The streams of this node, their channels, and the watermark of the store."""

    def __init__(self, *, bus: LiveBus, encoder: DeliveryEncoder, events: EventReader, tail: HotTail) -> None:
        self.subscribers: set[Subscriber] = set()
        self.watermark = Watermark()
        self.batcher = WriteBatcher(asyncio.get_running_loop())
        self._subscription = bus.subscribe()
        self._channels = Channels(subscription=self._subscription)
        self._broadcaster = Broadcaster(channels=self._channels, encoder=encoder)
        self._events = events
        self._tail = tail
        self._admits = True
        self._log = logger("messaging")

    async def open(self) -> None:
        """Subscribe to the watermark's channel, and read the stored offsets. Call this before the first stream."""
        await self._channels.subscribe([STORED_CHANNEL])
        self.watermark.advance(await self._events.stored())

    async def close(self) -> None:
        await self._subscription.close()

    async def run(self) -> None:
        """Pass the messages of the bus to the streams, and take in watermarks, until cancelled."""
        channels = self._channels
        while True:
            for message in await self._subscription.receive():
                if isinstance(message, BusGap):
                    self._replay_all()
                elif channel := channels.by_name.get(message.channel):
                    await self._deliver(message, channel)
                elif message.channel == STORED_CHANNEL:
                    await self._advance(message.payload)
            if channels.idle:
                await channels.unsubscribe_idle()

    def admit(self, subscriber: Subscriber) -> None:
        """Add a stream that is on no channel yet. Raise UNAVAILABLE `SHUTTING_DOWN` after `refuse_new`."""
        if not self._admits:
            message = "this server is shutting down: subscribe again"
            raise unavailable(KernelReason.SHUTTING_DOWN, message, retry_after=0.1)
        self.subscribers.add(subscriber)

    def refuse_new(self) -> None:
        """Refuse every stream that is added from now on."""
        self._admits = False

    def dismiss(self, subscriber: Subscriber) -> None:
        """Remove a stream. This does not wait, because it runs while a call is torn down."""
        self.subscribers.discard(subscriber)
        subscriber.close()
        for name in subscriber.channels:
            self._channels.leave(subscriber, name, self._broadcaster.sequence)

    async def enter(self, subscriber: Subscriber, name: str) -> None:
        """Put a stream on a channel. Messages that are published on the channel after the return reach the stream."""
        self._channels.enter(subscriber, name, self._broadcaster.sequence)
        await self._channels.subscribe([name])

    async def set_memberships(self, subscriber: Subscriber, memberships: Mapping[ChatId, Membership]) -> None:
        """Put a stream on the channels of groups that its user is in, and take it off those of groups that its user has
        left.

        Ignore a membership that is not newer than the one that the stream knows.
        """
        entered = []
        for chat_id, membership in memberships.items():
            if not subscriber.set_membership(chat_id, membership):
                continue
            name = chat_channel(chat_id)
            if membership.role is None:
                self._channels.leave(subscriber, name, self._broadcaster.sequence)
            else:
                self._channels.enter(subscriber, name, self._broadcaster.sequence)
                entered.append(name)
        await self._channels.subscribe(entered)

    def _replay_all(self) -> None:
        self._log.warning("the live bus lost messages: every stream replays", streams=len(self.subscribers))
        for subscriber in self.subscribers:
            subscriber.lose_events()

    async def _advance(self, payload: bytes) -> None:
        try:
            stored = decode_watermark(payload)
        except ValueError as error:
            self._log.error("unreadable watermark on the live bus", error=str(error))
            return
        self.watermark.advance(stored)
        try:
            await self._tail.trim(stored)
        except ChatlyError as error:
            # The next watermark trims these events as well.
            self._log.warning("stored events could not be removed from the hot tail", error=str(error))

    async def _deliver(self, message: BusMessage, channel: Channel) -> None:
        try:
            content = unpack(message.payload)
        except ValueError as error:
            self._log.error("unreadable event on the live bus", channel=message.channel, error=str(error))
            return
        if isinstance(content, Ephemeral):
            delivery = Delivery(content.payload)
            for subscriber in channel.subscribers:
                if subscriber.user_id not in content.hidden_from:
                    subscriber.push(delivery)
        else:
            await self._broadcaster.broadcast(content, message.channel, channel)

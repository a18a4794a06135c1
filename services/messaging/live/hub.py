"""The node's one ear on the live bus, and the streams that it hands on to. Holds no event; see `fanout`."""

import asyncio
from collections.abc import Mapping

import structlog

from history.channels import STORED_CHANNEL, chat_channel
from history.chat_id import ChatId
from history.codec import Ephemeral, decode_watermark, unpack
from history.model import Membership
from history.ports import EventReader, HotTail
from kernel.bus.ports import BusGap, BusMessage, LiveBus
from kernel.errors import ChatlyError, KernelReason, unavailable
from services.messaging.live.channels import Channel, Channels
from services.messaging.live.fanout import Fanout
from services.messaging.live.outbox import Delivery
from services.messaging.live.pace import Pace
from services.messaging.live.reader import Reader
from services.messaging.live.rendering import Rendering
from services.messaging.live.watermark import Watermark


class Hub:
    """Hears the channels of all streams of this node, and the watermark of the store."""

    def __init__(self, *, bus: LiveBus, rendering: Rendering, events: EventReader, tail: HotTail) -> None:
        self.readers: set[Reader] = set()
        self.watermark = Watermark()
        self.pace = Pace(asyncio.get_running_loop())
        self._subscription = bus.subscribe()
        self._channels = Channels(subscription=self._subscription)
        self._fanout = Fanout(channels=self._channels, rendering=rendering)
        self._events = events
        self._tail = tail
        self._refusing = False
        self._log = structlog.stdlib.get_logger("chatly.live")

    async def open(self) -> None:
        """Begin to hear how far the store has come. Before the first stream."""
        await self._channels.listen([STORED_CHANNEL])
        self.watermark.advance(await self._events.stored())

    async def close(self) -> None:
        await self._subscription.close()

    async def run(self) -> None:
        """For ever: hand on what comes."""
        while True:
            for message in await self._subscription.receive():
                await self._receive(message)
            await self._channels.forget_deserted()

    def admit(self, reader: Reader) -> None:
        """Take a stream in; it hears nothing yet. UNAVAILABLE `SHUTTING_DOWN` after `refuse_new`."""
        if self._refusing:
            raise unavailable(
                KernelReason.SHUTTING_DOWN, "this server is shutting down: subscribe again", retry_after=0.1
            )
        self.readers.add(reader)

    def refuse_new(self) -> None:
        """From now on nobody is admitted."""
        self._refusing = True

    def dismiss(self, reader: Reader) -> None:
        """Forget a stream. Never waits, so that it can be called while a call is being torn down."""
        self.readers.discard(reader)
        reader.gone = True
        for channel in reader.channels:
            self._channels.leave(reader, channel, self._fanout.turn)

    async def listen(self, reader: Reader, channel: str) -> None:
        """On return the stream gets everything published on the channel."""
        self._channels.enter(reader, channel, self._fanout.turn)
        await self._channels.listen([channel])

    async def settle(self, reader: Reader, places: Mapping[ChatId, Membership]) -> None:
        """Let a stream hear the groups its user is in, and no others; later news that it has had counts more."""
        joined = []
        for chat_id, place in places.items():
            if not reader.learn(chat_id, place):
                continue
            channel = chat_channel(chat_id)
            if place.role is None:
                self._channels.leave(reader, channel, self._fanout.turn)
            else:
                self._channels.enter(reader, channel, self._fanout.turn)
                joined.append(channel)
        await self._channels.listen(joined)

    async def _receive(self, message: BusMessage | BusGap) -> None:
        if isinstance(message, BusGap):
            self._log.warning("the live bus had a gap: every stream replays", streams=len(self.readers))
            for reader in self.readers:
                reader.outbox.ask_for_replay()
        elif message.channel == STORED_CHANNEL:
            await self._stored(message.payload)
        elif channel := self._channels.get(message.channel):
            await self._hand_on(message, channel)

    async def _stored(self, payload: bytes) -> None:
        try:
            stored = decode_watermark(payload)
        except ValueError as error:
            self._log.error("unreadable watermark on the live bus", error=str(error))
            return
        self.watermark.advance(stored)
        try:
            await self._tail.trim(stored)
        except ChatlyError as error:
            # The next watermark trims for this one too.
            self._log.warning("the hot tail cannot be trimmed now", error=str(error))

    async def _hand_on(self, message: BusMessage, channel: Channel) -> None:
        try:
            content = unpack(message.payload)
        except ValueError as error:
            self._log.error("unreadable event on the live bus", channel=message.channel, error=str(error))
            return
        if isinstance(content, Ephemeral):
            delivery = Delivery(content.payload)
            for reader in channel.readers:
                reader.outbox.push(delivery)
        else:
            await self._fanout.give(content, message.channel, channel)

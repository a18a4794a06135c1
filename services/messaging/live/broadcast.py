"""Sends an event to the streams of a channel. It encodes the event once, and sends it to each stream once."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from typing import Final
from uuid import UUID

from history.audience import chat_channel
from history.fold import message_of, redacted
from history.model import ChatEvent, GroupCreated, LogEvent, MemberSet, Membership, MessageDeleted
from kernel.errors import ChatlyError
from kernel.telemetry import metrics, tracing
from kernel.telemetry.tracing import Kind
from services.messaging.live.channels import Channel, Channels
from services.messaging.live.encoding import Delivery, DeliveryEncoder
from services.messaging.live.memberships import memberships_set_by
from services.messaging.live.subscriber import Subscriber

MAX_EVENTS = 8_192
MAX_BYTES = 4 << 20

_SETS_MEMBERSHIP = (MemberSet, GroupCreated)
_UNTRACED: Final = nullcontext()


class DeliveredEvent:
    """One event: its deliveries, and for each channel the sequence number under which the event arrived there last."""

    __slots__ = ("delivery", "sequences", "welcome")

    def __init__(self) -> None:
        self.delivery: Delivery | None = None
        self.welcome: Delivery | None = None
        """The delivery for a user who joins a group by this event."""
        self.sequences: dict[str, int] = {}

    def was_sent_to(self, subscriber: Subscriber) -> bool:
        """Return whether the stream was on one of the channels when the event last arrived there."""
        return any(subscriber.has_received(name, sequence) for name, sequence in self.sequences.items())

    @property
    def size(self) -> int:
        """Total bytes of the deliveries."""
        return sum(len(each.data) for each in (self.delivery, self.welcome) if each is not None)


class DeliveryLog:
    """The newest events that this node delivered, by id. Once an entry is dropped, a stream may get its event twice."""

    def __init__(self) -> None:
        self.deleted: OrderedDict[UUID, None] = OrderedDict()
        """The messages that were most recently deleted for everyone. Only this class changes it."""
        self._events: OrderedDict[UUID, DeliveredEvent] = OrderedDict()
        self._bytes = 0

    def entry(self, event_id: UUID) -> DeliveredEvent:
        """Return the entry of an event, and add one if there is none."""
        if (logged := self._events.get(event_id)) is None:
            logged = self._events[event_id] = DeliveredEvent()
            if len(self._events) > MAX_EVENTS:
                self._drop_oldest()
        return logged

    def add_bytes(self, count: int) -> None:
        """Count the bytes of a delivery that was added to an entry, and drop the oldest entries above MAX_BYTES."""
        self._bytes += count
        while self._bytes > MAX_BYTES and len(self._events) > 1:
            self._drop_oldest()

    def add_deletion(self, message_id: UUID) -> None:
        """Remember that a message was deleted for everyone."""
        self.deleted[message_id] = None
        if len(self.deleted) > MAX_EVENTS:
            self.deleted.popitem(last=False)

    def _drop_oldest(self) -> None:
        _, oldest = self._events.popitem(last=False)
        self._bytes -= oldest.size


class Broadcaster:
    """Numbers the arrivals of events from the bus, and remembers the number of each event's last arrival per channel.

    An event usually arrives twice on a channel: from the node that appended it, and from the persister once it is
    stored. The second copy goes only to streams that entered the channel after the first copy. If the first copy was
    lost, the second goes to all streams. So a stream gets every event that is stored after the stream entered.
    A message that arrives after its deletion is sent without content.
    """

    def __init__(self, *, channels: Channels, encoder: DeliveryEncoder) -> None:
        self.sequence = 0
        self._channels = channels
        self._encoder = encoder
        self._log = DeliveryLog()
        self._serialized = metrics.counter("chatly_live_events_serialized", "Live events turned into bytes.")
        self._deliveries = metrics.counter("chatly_live_deliveries", "Live events pushed to streams.")

    async def broadcast(self, stored: LogEvent, name: str, channel: Channel) -> None:
        """Send an event that arrived on this channel to the channel's streams."""
        self.sequence = sequence = self.sequence + 1
        event_id, change = stored.event.event_id, stored.event.change
        if isinstance(change, MessageDeleted) and change.for_everyone:
            self._log.add_deletion(change.message_id)
        entry = self._log.entry(event_id)
        # If no stream has entered the channel since the event last arrived here, every stream has the event.
        if channel.last_entry >= entry.sequences.get(name, 0):
            subscribers = list(channel.subscribers)
            try:
                if isinstance(change, _SETS_MEMBERSHIP):
                    await self._send_membership(stored, entry, subscribers)
                else:
                    await self._send(stored, entry, _who_want(subscribers, stored.event, entry))
            except ChatlyError as error:
                # The streams get the event from a replay when their clients subscribe again.
                for subscriber in subscribers:
                    subscriber.fail(error)
        entry.sequences[name] = sequence

    async def _send(self, stored: LogEvent, entry: DeliveredEvent, subscribers: Sequence[Subscriber]) -> None:
        if not subscribers:
            return
        event = stored.event
        with (
            tracing.covering("deliver", Kind.CONSUMER, request_id=event.request_id, parent=event.traceparent)
            if event.traceparent
            else _UNTRACED
        ) as span:
            if span is not None:
                span.note(streams=len(subscribers))
            delivery = await self._delivery(stored, entry)
            for subscriber in subscribers:
                subscriber.push(delivery)
        self._deliveries.inc(len(subscribers))

    async def _send_membership(
        self, stored: LogEvent, entry: DeliveredEvent, subscribers: Sequence[Subscriber]
    ) -> None:
        """Send an event that changes memberships. Streams of the users concerned enter or leave the group's channel."""
        memberships = memberships_set_by(stored.event)
        others = [subscriber for subscriber in subscribers if subscriber.user_id not in memberships]
        await self._send(stored, entry, _who_want(others, stored.event, entry))
        # Streams of the users concerned change channels even if a replay has sent them the event.
        for subscriber in subscribers:
            if membership := memberships.get(subscriber.user_id):
                await self._move(subscriber, membership, stored, entry)

    async def _move(
        self, subscriber: Subscriber, membership: Membership, stored: LogEvent, entry: DeliveredEvent
    ) -> None:
        name = chat_channel(stored.event.chat_id)
        if not subscriber.set_membership(stored.event.chat_id, membership):
            return
        if membership.role is None:
            await self._send(stored, entry, [subscriber])
            self._channels.leave(subscriber, name, self.sequence)
        elif subscriber.is_on(name):
            await self._send(stored, entry, [subscriber])
        else:
            self._channels.enter(subscriber, name, self.sequence)
            await self._channels.subscribe([name])
            subscriber.join(stored, await self._welcome(stored, entry, subscriber))
            self._deliveries.inc()

    async def _delivery(self, stored: LogEvent, entry: DeliveredEvent) -> Delivery:
        event, deleted = stored.event, self._log.deleted
        if deleted and message_of(event) in deleted and (without_content := redacted(event)) is not event:
            # Redacted deliveries are rare, so their bytes are not kept.
            return await self._encoder.delivery(without_content)
        if entry.delivery is None:
            entry.delivery = await self._encoder.delivery(event)
            self._log.add_bytes(len(entry.delivery.data))
            self._serialized.inc()
        return entry.delivery

    async def _welcome(self, stored: LogEvent, entry: DeliveredEvent, subscriber: Subscriber) -> Delivery:
        if entry.welcome is None:
            entry.welcome = await self._encoder.delivery(stored.event, viewer=subscriber.user_id)
            self._log.add_bytes(len(entry.welcome.data))
            self._serialized.inc()
        return entry.welcome


def _who_want(subscribers: Iterable[Subscriber], event: ChatEvent, entry: DeliveredEvent) -> Sequence[Subscriber]:
    """Return the streams that may receive the event and have not received it, live or from a replay."""
    # `wants` hashes a UUID, which is slow, and nearly all streams have neither known events nor hidden messages.
    missing = [each for each in subscribers if not (each.known or each.hidden) or each.wants(event)]
    return [each for each in missing if not entry.was_sent_to(each)] if entry.sequences else missing

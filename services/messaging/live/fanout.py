"""Gives one event to the streams of one channel: serialised once, and to each stream once."""

from history.channels import chat_channel
from history.fold import deleted_by, message_of, redacted
from history.model import Membership, StoredEvent
from kernel.errors import ChatlyError
from kernel.telemetry import metrics, tracing
from kernel.telemetry.tracing import Kind
from services.messaging.live.channels import Channel, Channels
from services.messaging.live.outbox import Delivery
from services.messaging.live.places import places_set_by
from services.messaging.live.reader import Join, Reader
from services.messaging.live.recents import LatelyDeleted, Recent, Recents
from services.messaging.live.rendering import Rendering


class Fanout:
    """Knows what it gave to whom by turns: every event that comes from the bus is a turn of its own.

    An event comes up to twice: from the node that recorded it, and from the persister once it is stored. Only a stream
    that came between the two is given the second copy. So a stream gets everything that is stored after it came,
    whatever became of the first copy. One that is told late, after its message was deleted, is told without content.
    """

    def __init__(self, *, channels: Channels, rendering: Rendering) -> None:
        self.turn = 0
        self._channels = channels
        self._rendering = rendering
        self._recents = Recents()
        self._deleted = LatelyDeleted()
        self._serialized = metrics.counter("chatly_live_events_serialized", "Live events turned into bytes.")
        self._deliveries = metrics.counter("chatly_live_deliveries", "Live events pushed to streams.")

    async def give(self, stored: StoredEvent, name: str, channel: Channel) -> None:
        """`name`: the channel on which it came."""
        self.turn += 1
        turn = self.turn
        if (deleted := deleted_by(stored.event)) is not None:
            self._deleted.add(deleted)
        recent = self._recents.of(stored.event.event_id)
        # Nobody came to the channel since it was last told there: nothing to look through.
        if channel.newest >= recent.turns.get(name, 0):
            await self._give(stored, recent, list(channel.readers))
        recent.turns[name] = turn
        self._recents.keep(stored.event.event_id, recent)

    async def _give(self, stored: StoredEvent, recent: Recent, readers: list[Reader]) -> None:
        event_id, places = stored.event.event_id, places_set_by(stored.event)
        others = [
            reader
            for reader in readers
            if reader.user_id not in places and not recent.reached(reader) and not reader.was_told(event_id)
        ]
        try:
            await self._tell(others, stored, recent)
            # These may have been told by a replay, and must yet act on it.
            for reader in readers:
                if place := places.get(reader.user_id):
                    await self._move(reader, place, stored, recent)
        except ChatlyError as error:
            # What cannot be told now is replayed when they subscribe again.
            for reader in readers:
                reader.outbox.fail(error)

    async def _tell(self, readers: list[Reader], stored: StoredEvent, recent: Recent) -> None:
        if not readers:
            return
        event = stored.event
        with tracing.covering(
            "deliver", Kind.CONSUMER, request_id=event.request_id, parent=event.traceparent
        ) as delivering:
            if delivering is not None:
                delivering.note(streams=len(readers))
            delivery = await self._form(stored, recent)
            for reader in readers:
                reader.outbox.push(delivery)
        self._deliveries.inc(len(readers))

    async def _move(self, reader: Reader, place: Membership, stored: StoredEvent, recent: Recent) -> None:
        """Tell a stream of its own user's place, and let it hear the group from now on, or no longer."""
        name = chat_channel(stored.event.chat_id)
        if not reader.learn(stored.event.chat_id, place):
            return
        if place.role is None:
            await self._tell([reader], stored, recent)
            self._channels.leave(reader, name, self.turn)
        elif reader.hears(name):
            await self._tell([reader], stored, recent)
        else:
            self._channels.enter(reader, name, self.turn)
            await self._channels.listen([name])
            welcome = await self._welcome(stored, recent, reader)
            reader.joins.append(Join(stored, welcome))
            reader.outbox.look()
            self._deliveries.inc()

    async def _form(self, stored: StoredEvent, recent: Recent) -> Delivery:
        if message_of(stored.event) in self._deleted and (emptied := redacted(stored.event)) is not stored.event:
            # It comes after the deletion: too rare for its bytes to be kept.
            return await self._rendering.delivery(emptied)
        if recent.delivery is None:
            recent.delivery = await self._rendering.delivery(stored.event)
            self._serialized.inc()
        return recent.delivery

    async def _welcome(self, stored: StoredEvent, recent: Recent, reader: Reader) -> Delivery:
        if recent.welcome is None:
            recent.welcome = await self._rendering.delivery(stored.event, viewer=reader.user_id)
            self._serialized.inc()
        return recent.welcome

"""Tells the nodes what was stored, and the log what was taken back."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from history.channels import STORED_CHANNEL, channels_of
from history.codec import encode, encode_watermark, pack_lasting
from history.model import ChatEvent, StoredEvent
from history.ports import Applied
from kernel.bus.ports import BusMessage, LiveBus
from kernel.log.ports import EventLog


class Announce:
    """Publishes stored events, then the watermark: a node that hears it has heard all that lies below it.

    Events were published when they were acknowledged; this is the net for those whose node died in between.
    """

    def __init__(self, *, bus: LiveBus, log: EventLog) -> None:
        self._bus = bus
        self._log = log
        self._appended: set[UUID] = set()
        self._reached: dict[int, int] = {}

    async def __call__(self, applied: Applied) -> None:
        await self.stored(applied.events, applied.stored)
        await self._withdraw(applied.withdrawals)

    async def stored(self, events: Sequence[StoredEvent], reached: Mapping[int, int]) -> None:
        """Tell of events, and that everything up to these offsets is stored (partition → offset)."""
        messages = [message for event in events for message in _messages(event)]
        if reached:
            messages.append(BusMessage(STORED_CHANNEL, encode_watermark(reached)))
        await self._bus.publish(messages)
        self._reached.update(reached)

    def has_told(self, partition: int, offset: int) -> bool:
        """Whether this process has told that exactly this is stored."""
        return self._reached.get(partition) == offset

    async def _withdraw(self, withdrawals: Sequence[ChatEvent]) -> None:
        """Append those that are not on their way yet. A repeat has the same id, and changes nothing."""
        self._appended &= {event.event_id for event in withdrawals}
        for event in withdrawals:
            if event.event_id not in self._appended:
                await self._log.append(event.chat_id, encode(event))
                self._appended.add(event.event_id)


def _messages(stored: StoredEvent) -> list[BusMessage]:
    payload = pack_lasting(stored)
    return [BusMessage(channel, payload) for channel in channels_of(stored.event)]

"""Publishes stored events and watermarks on the bus, and appends withdrawals to the log."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from history.audience import STORED_CHANNEL, channels_of
from history.codec import encode, pack_lasting
from history.model import ChatEvent, LogEvent
from history.ports import Applied
from history.watermark import encode_watermark
from kernel.bus.ports import BusMessage, LiveBus
from kernel.log.ports import EventLog


class PublishStored:
    """Publishes stored events, and after them the watermark that covers them.

    A node publishes its events when it acknowledges them. The persister publishes the same events, because the node may
    have died before it could.
    """

    def __init__(self, *, bus: LiveBus, log: EventLog) -> None:
        self._bus = bus
        self._log = log
        self._appended_withdrawals: set[UUID] = set()
        self._published_offsets: dict[int, int] = {}

    async def __call__(self, applied: Applied) -> None:
        """Publish a stored batch, then append its withdrawals."""
        await self.publish(applied.events, applied.stored)
        await self._append_withdrawals(applied.withdrawals)

    async def publish(self, events: Sequence[LogEvent], stored: Mapping[int, int]) -> None:
        """Publish events, then the watermark. `stored` maps each partition to its stored offset."""
        messages = [message for event in events for message in _messages(event)]
        if stored:
            messages.append(BusMessage(STORED_CHANNEL, encode_watermark(stored)))
        await self._bus.publish(messages)
        self._published_offsets.update(stored)

    def has_published(self, partition: int, offset: int) -> bool:
        """Return whether the newest watermark that this process published for the partition is `offset`."""
        return self._published_offsets.get(partition) == offset

    async def _append_withdrawals(self, withdrawals: Sequence[ChatEvent]) -> None:
        """Append the withdrawals that this process has not appended yet.

        Appending a withdrawal twice is harmless, because both copies have the same event id.
        """
        self._appended_withdrawals &= {event.event_id for event in withdrawals}
        for event in withdrawals:
            if event.event_id not in self._appended_withdrawals:
                await self._log.append(event.chat_id, encode(event))
                self._appended_withdrawals.add(event.event_id)


def _messages(stored: LogEvent) -> list[BusMessage]:
    payload = pack_lasting(stored)
    return [BusMessage(channel, payload) for channel in channels_of(stored.event)]

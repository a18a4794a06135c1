"""Where this persister begins in partitions that come to it, and what it says again before it does."""

import asyncio
from collections.abc import Collection, Mapping, Sequence

from history.chat_id import ChatId
from history.model import StoredEvent
from history.ports import EventReader
from kernel.log.ports import LogReader, LogRecord
from services.persister.announce import Announce


class TakeUp:
    """Begins where the store ends.

    A persister that dies between storing a batch and telling of it leaves events that are stored and that nobody heard
    of, if the node that sent them has died too; so does one that loses its store before it hears how the batch went.
    The next watermark would pass them. So the last batch of each partition is told again; nodes drop repeats.
    """

    def __init__(self, *, log: LogReader, events: EventReader, announce: Announce, batch_size: int) -> None:
        """`batch_size`: at least that of whoever had the partitions before."""
        self._log = log
        self._events = events
        self._announce = announce
        self._batch_size = batch_size

    async def __call__(self, partitions: Collection[int]) -> Mapping[int, int]:
        """As `kernel.log.ports.Resume`. Raise UNAVAILABLE while the store or the log is away."""
        stored = await self._events.stored()
        mine = {partition: stored[partition] for partition in partitions if partition in stored}
        for partition, offset in mine.items():
            if not self._announce.has_told(partition, offset):
                await self._tell_again(partition, offset)
        return mine

    async def _tell_again(self, partition: int, stored: int) -> None:
        records = await self._log.read(partition, after=max(-1, stored - self._batch_size), limit=self._batch_size)
        first = _first_offsets([record for record in records if record.position.offset <= stored])
        # From the store, which knows what counts: a second copy of a send does not, nor do the words of a deleted one.
        found = await asyncio.gather(*(self._events_from(chat_id, offset) for chat_id, offset in first.items()))
        events = [event for events in found for event in events if event.position.offset <= stored]
        events.sort(key=lambda event: event.position.offset)
        await self._announce.stored(events, {partition: stored})

    async def _events_from(self, chat_id: ChatId, offset: int) -> Sequence[StoredEvent]:
        return await self._events.events_after(chat_id, offset - 1, self._batch_size)


def _first_offsets(records: Sequence[LogRecord]) -> Mapping[ChatId, int]:
    """Where each chat's first record of these stands."""
    first: dict[ChatId, int] = {}
    for record in records:
        first.setdefault(ChatId(record.key), record.position.offset)
    return first

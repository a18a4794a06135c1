"""Finds the offsets at which this persister resumes, and publishes the last stored batch a second time."""

import asyncio
from collections.abc import Collection, Mapping, Sequence

from history.chat_id import ChatId
from history.model import LogEvent
from history.ports import EventReader
from kernel.log.ports import LogReader, LogRecord
from services.persister.publish_stored import PublishStored


class ResumePoint:
    """Resumes where the store ends.

    A persister can store a batch and die, or lose the store's reply, before it publishes the batch. If the sending node
    has died too, no subscriber has received those events, and the next watermark would skip them. So the last batch of
    each partition is published a second time. Nodes drop repeats.
    """

    def __init__(self, *, log: LogReader, events: EventReader, publish: PublishStored, batch_size: int) -> None:
        """`batch_size` must be at least the batch size of the partitions' previous owner."""
        self._log = log
        self._events = events
        self._publish = publish
        self._batch_size = batch_size

    async def __call__(self, partitions: Collection[int]) -> Mapping[int, int]:
        """Return the last stored offset of each partition that has one, as `kernel.log.ports.Resume` requires.

        Raise UNAVAILABLE while the store or the log is unavailable.
        """
        stored = await self._events.stored()
        owned = {partition: stored[partition] for partition in partitions if partition in stored}
        for partition, offset in owned.items():
            if not self._publish.has_published(partition, offset):
                await self._publish_last_batch(partition, offset)
        return owned

    async def _publish_last_batch(self, partition: int, stored: int) -> None:
        records = await self._log.read(partition, after=max(-1, stored - self._batch_size), limit=self._batch_size)
        first = _first_offsets([record for record in records if record.position.offset <= stored])
        # Read the events from the store, which omits second copies of a send and the text of deleted messages.
        found = await asyncio.gather(*(self._events_from(chat_id, offset) for chat_id, offset in first.items()))
        events = [event for events in found for event in events if event.position.offset <= stored]
        events.sort(key=lambda event: event.position.offset)
        await self._publish.publish(events, {partition: stored})

    async def _events_from(self, chat_id: ChatId, offset: int) -> Sequence[LogEvent]:
        return await self._events.events_after(chat_id, offset - 1, self._batch_size)


def _first_offsets(records: Sequence[LogRecord]) -> Mapping[ChatId, int]:
    """Return the offset of the first record of each chat."""
    first: dict[ChatId, int] = {}
    for record in records:
        first.setdefault(ChatId(record.key), record.position.offset)
    return first

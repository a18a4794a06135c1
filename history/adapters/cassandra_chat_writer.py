"""Stores a batch of one chat, in the order that matters. What its records become is decided in `cassandra_batch`."""

from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from history.adapters.cassandra_access import ROWS, together, write
from history.adapters.cassandra_batch import CassandraChatBatch
from history.adapters.cassandra_chat_rows import (
    Head,
    head_statements,
    listing_statements,
    load_head,
    people_statements,
    state_statements,
)
from history.adapters.cassandra_event_rows import by_bucket, forget_words, load_events_at
from history.adapters.cassandra_known import load_known
from history.adapters.cassandra_withdrawals import forget_withdrawals, remember_withdrawals
from history.codec import decode_record
from history.model import ChatEvent, ChatId, StoredEvent
from kernel.log.ports import LogRecord
from kernel.store.cassandra import CassandraSession


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """A record of the log, and the event in it."""

    record: LogRecord
    event: ChatEvent

    @property
    def stored(self) -> StoredEvent:
        return StoredEvent(self.record.position, self.event)


@dataclass(frozen=True, slots=True)
class Failed:
    """A record that cannot be stored, and why."""

    record: LogRecord
    error: str


@dataclass(frozen=True, slots=True)
class ChatOutcome:
    """What came of a batch of one chat."""

    events: Sequence[StoredEvent]
    failed: Sequence[Failed]


class CassandraChatWriter:
    """Writes everything of a batch, and the chat's head last.

    An attempt that ends half-way leaves the head where it was; the next one writes the same rows again. Two at once,
    while a partition changes hands, write the same rows too.
    """

    def __init__(self, *, session: CassandraSession) -> None:
        self._session = session

    async def apply(self, chat_id: ChatId, records: Sequence[ReadRecord], *, revived: bool = False) -> ChatOutcome:
        """Records of one chat, in log order. `revived`: dead letters, which may stand before what is stored."""
        head = await load_head(self._session, chat_id)
        done = -1 if head is None or revived else head.position.offset
        new = [item for item in records if item.record.position.offset > done]
        told = await self._stored_before([item for item in records if item.record.position.offset <= done])
        known = await load_known(self._session, chat_id, [item.event for item in new])
        batch = CassandraChatBatch(chat_id=chat_id, head=head, known=known)
        failed = _add_all(batch, new)
        await self._write(batch, is_new=head is None, revived=revived)
        return ChatOutcome([*told, *batch.events()], failed)

    async def _stored_before(self, records: Sequence[ReadRecord]) -> list[StoredEvent]:
        """Events stored by an attempt that ended before it could tell of them."""
        offsets = {item.event.event_id: item.record.position.offset for item in records}
        found = await together(
            load_events_at(self._session, records[0].event.chat_id, bucket, [offsets[each] for each in ids])
            for bucket, ids in by_bucket(offsets).items()
        )
        return sorted((stored for part in found for stored in part), key=lambda stored: stored.position.offset)

    async def _write(self, batch: CassandraChatBatch, *, is_new: bool, revived: bool) -> None:
        head = batch.head()
        if head is None:
            return
        # Before the copies are marked as withdrawn: nobody asks for a withdrawal after that.
        partition = head.position.partition
        await remember_withdrawals(self._session, partition, batch.withdrawals)
        listings = listing_statements(batch.chat, is_new=is_new)
        await together(
            (
                *(write(self._session, rows) for rows in batch.bucket_statements().values()),
                *(write(self._session, rows) for rows in batch.send_statements().values()),
                *(write(self._session, [row]) for row in listings),
                *self._forget(batch),
                forget_withdrawals(self._session, partition, batch.chat.chat_id, batch.returned),
            )
        )
        await self._write_chat(batch, head, revived=revived)

    async def _write_chat(self, batch: CassandraChatBatch, head: Head, *, revived: bool) -> None:
        """The head in the last batch: it says that all of it is there."""
        heads = head_statements(batch.chat.chat_id, head, batch.buckets(), revived=revived)
        rows = [*people_statements(batch.chat), *state_statements(batch.chat), *heads]
        await write(self._session, rows[:-ROWS])
        await write(self._session, rows[-ROWS:])

    def _forget(self, batch: CassandraChatBatch) -> Iterable[Coroutine[Any, Any, None]]:
        chat_id = batch.chat.chat_id
        return (forget_words(self._session, chat_id, each, batch.sent_at(each)) for each in batch.deleted)


def read_record(record: LogRecord) -> ReadRecord:
    """Raise ValueError for a record that is no event of its chat."""
    return ReadRecord(record, decode_record(record).event)


def _add_all(batch: CassandraChatBatch, records: Sequence[ReadRecord]) -> list[Failed]:
    failed = []
    for item in records:
        try:
            batch.add(item.stored, item.record.value)
        except ValueError as error:
            failed.append(Failed(item.record, str(error)))
    return failed

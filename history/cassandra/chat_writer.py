"""Writes the batches of several chats to Cassandra. An interrupted write is safe to repeat."""

import asyncio
from collections.abc import Collection, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from history.cassandra.access import ROWS, Key, gather_all, write, write_all
from history.cassandra.batch import CassandraChatBatch
from history.cassandra.chat_rows import Head, listing_statements, load_buckets
from history.cassandra.event_rows import by_bucket, load_events_at, load_events_between, redact_events
from history.cassandra.log_rows import delete_withdrawals, save_withdrawals
from history.cassandra.stored_facts import FactsReader, Heads
from history.cassandra.write_times import bucket_of
from history.chat_id import ChatId
from history.model import LogEvent
from kernel.cassandra.session import CassandraSession, Statement
from kernel.log.epochs import epoch_of
from kernel.log.ports import LogRecord


@dataclass(frozen=True, slots=True)
class Failed:
    """A record that cannot be stored, with the reason."""

    record: LogRecord
    error: str


@dataclass(frozen=True, slots=True)
class ChatOutcome:
    """The result of one chat's batch."""

    events: Sequence[LogEvent]
    failed: Sequence[Failed]
    has_copies: bool
    """Whether the batch has second copies of sends, whose withdrawals may be pending."""


class CassandraChatWriter:
    """Writes the rows of several chats together, and their heads last.

    An interrupted attempt leaves the heads unchanged, and the next attempt writes the same rows. While a partition
    moves from one node to another, both nodes may write at once, and write the same rows.
    """

    def __init__(self, *, session: CassandraSession) -> None:
        self._session = session
        self._heads = Heads(session=session)
        self._facts = FactsReader(session=session)

    def trust(self, partitions: Collection[int]) -> None:
        """Rely on what this writer remembers of these partitions of the log, and forget everything else.

        The caller asserts that no other writer has stored records of these partitions since this writer's last batch,
        and that the log has lost none.
        """
        self._heads.trust(partitions)
        self._facts.trust(partitions)

    async def apply(self, chats: Mapping[ChatId, Sequence[LogEvent]]) -> Sequence[ChatOutcome]:
        """Store the records of each chat, and return the outcomes in the order of `chats`.

        The records of a chat must be in log order and in one partition.
        """
        partitions = {chat_id: records[0].position.partition for chat_id, records in chats.items()}
        heads = await self._heads.load(partitions)
        done = {chat_id: head.position.offset for chat_id, head in heads.items()}
        new = await self._with_interrupted(
            {chat_id: _after(done.get(chat_id, -1), records) for chat_id, records in chats.items()}, done
        )
        stored_before, known = await asyncio.gather(
            self._stored_before(chats, done),
            self._facts.load(new),
        )
        batches = [
            CassandraChatBatch(chat_id=chat_id, head=heads.get(chat_id), known=known[chat_id]) for chat_id in chats
        ]
        failed = [_add_all(batch, new[batch.chat.chat_id]) for batch in batches]
        await self._write(batches, known_chats=heads.keys())
        return [
            ChatOutcome([*stored_before.get(batch.chat.chat_id, ()), *batch.events()], some, batch.has_copies)
            for batch, some in zip(batches, failed, strict=True)
        ]

    async def _with_interrupted(
        self, new: Mapping[ChatId, Sequence[LogEvent]], done: Mapping[ChatId, int]
    ) -> Mapping[ChatId, Sequence[LogEvent]]:
        """Return the records of each chat, after the events of an interrupted attempt that the log has lost since.

        A log that lost records does not repeat that attempt, so this batch completes it. Otherwise the `seq` of its
        messages would be given to others too. Only the first records of a new epoch can need this.
        """
        begun = {
            chat_id: records
            for chat_id, records in new.items()
            if records and epoch_of(records[0].position.offset) > epoch_of(done.get(chat_id, -1))
        }
        found = await gather_all(
            self._interrupted(chat_id, records[0], done.get(chat_id, -1)) for chat_id, records in begun.items()
        )
        lost = dict(zip(begun, found, strict=True))
        return {chat_id: [*lost.get(chat_id, ()), *records] for chat_id, records in new.items()}

    async def _interrupted(self, chat_id: ChatId, first: LogEvent, done: int) -> Sequence[LogEvent]:
        """Return the stored events after the head of a chat and before a record."""
        newest = bucket_of(first.event.event_id)
        last = max((await load_buckets(self._session, chat_id)).events, default=newest)
        # One bucket more on each side, because the clocks of nodes differ.
        buckets = range(min(last, newest) - 1, max(last, newest) + 2)
        return await load_events_between(self._session, chat_id, buckets, after=done, before=first.position.offset)

    async def _stored_before(
        self, chats: Mapping[ChatId, Sequence[LogEvent]], done: Mapping[ChatId, int]
    ) -> Mapping[ChatId, Sequence[LogEvent]]:
        """Return the events at or below the heads, which an interrupted attempt stored but did not report."""
        old = {
            chat_id: [item for item in records if item.position.offset <= done.get(chat_id, -1)]
            for chat_id, records in chats.items()
        }
        found = await gather_all(self._stored_of(chat_id, records) for chat_id, records in old.items() if records)
        return dict(found)

    async def _stored_of(self, chat_id: ChatId, records: Sequence[LogEvent]) -> tuple[ChatId, list[LogEvent]]:
        offsets = {item.event.event_id: item.position.offset for item in records}
        found = await gather_all(
            load_events_at(self._session, chat_id, bucket, [offsets[each] for each in ids])
            for bucket, ids in by_bucket(offsets).items()
        )
        events = (stored for part in found for stored in part)
        return chat_id, sorted(events, key=lambda stored: stored.position.offset)

    async def _write(self, batches: Iterable[CassandraChatBatch], *, known_chats: Collection[ChatId]) -> None:
        heads = [(batch, head) for batch in batches if (head := batch.head())]
        # Save the withdrawals before the copies are marked as withdrawn. After that, no attempt creates the
        # withdrawals.
        await gather_all(
            save_withdrawals(self._session, head.position.partition, batch.withdrawals)
            for batch, head in heads
            if batch.withdrawals
        )
        first: dict[Key, list[Statement]] = {}
        rows: dict[Key, list[Statement]] = {}
        for batch, _ in heads:
            events, messages = batch.event_statements(), batch.message_statements()
            # Rows that do not fit into one atomic batch: a message must not be stored without its event.
            large = {key for key, some in events.items() if len(some) + len(messages.get(key, ())) > ROWS}
            first.update((key, events[key]) for key in large)
            small = ((key, some) for key, some in events.items() if key not in large)
            parts = (messages.items(), small, batch.send_statements(), _listings(batch, known_chats))
            for key, statements in chain[tuple[Key, list[Statement]]](*parts):
                rows.setdefault(key, []).extend(statements)
        await write_all(self._session, first)
        await gather_all((write_all(self._session, rows), *self._forget(heads)))
        await self._write_heads(heads)

    async def _write_heads(self, heads: Sequence[tuple[CassandraChatBatch, Head]]) -> None:
        """Write the head of each chat in the last batch of the chat: the head asserts that all rows up to it are
        stored.
        """
        rows = {(batch.chat.chat_id,): batch.chat_statements(head) for batch, head in heads}
        many = {key: statements for key, statements in rows.items() if len(statements) > ROWS}
        await gather_all(write(self._session, statements[:-ROWS]) for statements in many.values())
        await write_all(self._session, {key: statements[-ROWS:] for key, statements in rows.items()})
        self._heads.stored({batch.chat.chat_id: head for batch, head in heads})
        self._facts.stored()

    def _forget(self, heads: Iterable[tuple[CassandraChatBatch, Head]]) -> Iterator[Coroutine[Any, Any, None]]:
        for batch, head in heads:
            chat_id, partition = batch.chat.chat_id, head.position.partition
            yield from (redact_events(self._session, chat_id, each, batch.sent_at(each)) for each in batch.deleted)
            if batch.returned:
                yield delete_withdrawals(self._session, partition, chat_id, batch.returned)


def _add_all(batch: CassandraChatBatch, records: Sequence[LogEvent]) -> list[Failed]:
    failed = []
    for item in records:
        try:
            batch.add(item)
        except ValueError as error:
            failed.append(Failed(LogRecord(item.position, item.event.chat_id, item.value), str(error)))
    return failed


def _after(offset: int, records: Sequence[LogEvent]) -> list[LogEvent]:
    return [item for item in records if item.position.offset > offset]


def _listings(batch: CassandraChatBatch, known_chats: Collection[ChatId]) -> Iterator[tuple[Key, list[Statement]]]:
    for user_id, statement in listing_statements(batch.chat, is_new=batch.chat.chat_id not in known_chats):
        yield (user_id,), [statement]

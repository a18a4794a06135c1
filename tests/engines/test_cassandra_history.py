"""Batches that fail half-way, or are applied by two processes at once, give the same result as one complete
application.
"""

import asyncio
from collections.abc import AsyncIterator, Hashable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import reduce
from random import Random
from uuid import UUID

import pytest

from history.chat_id import ChatId
from history.codec import encode
from history.fold import apply_to_chat, fold_messages
from history.model import ChatEvent, HistoryVisibility, MessageWithdrawn, Role
from history.open import HistoryStore, cassandra_history, cassandra_schema
from history.ports import Window
from history.visibility import Viewer, viewer_of, visibility_of
from kernel.cassandra.callbacks import Row
from kernel.cassandra.session import CassandraSession, Params, Statement
from kernel.errors import ChatlyError, KernelReason, unavailable
from kernel.log.epochs import OFFSET_BITS
from kernel.log.ports import LogRecord
from tests.builders import NOON, a_send_id, an_id
from tests.engines.keyspaces import a_keyspace, emptied_cassandra
from tests.unit.history.builders import A_GROUP, ANN, ANN_AND_BOB, BOB, PHOTO, ChatBuilder, records_of

pytestmark = pytest.mark.engines("cassandra")
COPY = 6
"""Index of the second copy of a send in the events."""


class BreakingSession(CassandraSession):
    """A session whose connection breaks after some writes, or at a table; later writes are lost."""

    def __init__(self, session: CassandraSession, *, writes: int = 1_000, at: str = "nowhere") -> None:
        self._real = session
        self._left = writes
        self._at = at

    @property
    def broke(self) -> bool:
        return self._left < 0

    async def execute(self, cql: str, params: Params = (), *, page_size: int = 5_000) -> list[Row]:
        if not cql.startswith("SELECT"):
            self._count(cql)
        return await self._real.execute(cql, params, page_size=page_size)

    def replicas_of(self, key: Sequence[str | int]) -> Hashable:
        return self._real.replicas_of(key)

    async def batch(self, statements: Sequence[Statement]) -> None:
        self._count(statements[0][0])
        await self._real.batch(statements)

    def _count(self, cql: str) -> None:
        self._left = -1 if self._at in cql else self._left - 1
        if self.broke:
            raise unavailable(KernelReason.STORE_UNAVAILABLE, "broken")


@pytest.fixture(scope="module")
def keyspace(cassandra_contact_points: str) -> Iterator[str]:
    with a_keyspace(cassandra_contact_points) as name:
        yield name


@pytest.fixture
async def session(cassandra_contact_points: str, keyspace: str) -> AsyncIterator[CassandraSession]:
    async with emptied_cassandra(cassandra_contact_points, keyspace, cassandra_schema()) as opened:
        yield opened


class ListeningSession(BreakingSession):
    """Never breaks, and records reads."""

    def __init__(self, session: CassandraSession) -> None:
        super().__init__(session)
        self.read: list[str] = []

    async def execute(self, cql: str, params: Params = (), *, page_size: int = 5_000) -> list[Row]:
        if cql.startswith("SELECT"):
            self.read.append(cql)
        return await super().execute(cql, params, page_size=page_size)


def a_story() -> list[ChatEvent]:
    """Events of a group: sends of both members, a copy, an edit, reactions and deletions. Deleted texts are secret."""
    chat = ChatBuilder(ChatId(an_id()))
    name = UUID(an_id())
    created, first, second = (
        chat.created(ANN, BOB),
        chat.sent(ANN, "one"),
        chat.sent(BOB, "secret", attachments=(PHOTO,)),
    )
    kept, copy, last = chat.sent(ANN, "three", send=name), chat.sent(ANN, "three", send=name), chat.sent(BOB, "four")
    return [
        created,
        first,
        second,
        chat.edited(second, "another secret"),
        chat.reacted(ANN, second),
        kept,
        copy,
        chat.deleted_for_everyone(second),
        last,
        chat.reacted(BOB, first),
        chat.deleted_by(BOB, kept),
    ]


async def check(store: HistoryStore, events: Sequence[ChatEvent]) -> None:
    """Assert that the store has every event once, and none of the secrets."""
    chat_id, copy = events[0].chat_id, events[COPY]
    accepted = [event for event in events if event is not copy]
    states = await store.messages.window(chat_id, Window(limit=99))
    replayed = await store.events.events_after(chat_id, -1, 99)

    assert [state.seq for state in states] == [1, 2, 3, 4]
    expected = fold_messages({}, accepted)
    assert {state.message_id: replace(state, seq=0) for state in states} == expected
    assert [item.event.event_id for item in replayed] == [event.event_id for event in accepted]
    assert not any(b"secret" in encode(item.event) for item in replayed)
    assert (await store.messages.messages(chat_id, [copy.event_id]))[copy.event_id].withdrawn


async def apply(store: HistoryStore, records: Sequence[LogRecord], size: int) -> set[UUID]:
    """Apply in batches and return the reported withdrawals."""
    asked: set[UUID] = set()
    for start in range(0, len(records), size):
        applied = await store.writer.apply(records[start : start + size])
        asked.update(event.event_id for event in applied.withdrawals)
    return asked


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("before", "after"), [(11, 11), (11, 3), (4, 7)])
async def test_a_batch_that_fails_at_any_write_is_completed_by_the_next_attempt(
    session: CassandraSession, before: int, after: int
) -> None:
    store = cassandra_history(session)
    writes, broke = 0, True
    while broke:
        events = a_story()
        records = records_of(events, partition=writes)
        breaking = BreakingSession(session, writes=writes)
        with suppress(ChatlyError):
            await apply(cassandra_history(breaking), records, before)

        assert len(await apply(store, records, after)) == 1
        await check(store, events)
        writes, broke = writes + 1, breaking.broke

    assert writes > 5


@pytest.mark.timeout(180)
@pytest.mark.parametrize("lost", [4, 60])
async def test_an_interrupted_batch_that_the_log_has_lost_is_completed_in_the_next_epoch(
    session: CassandraSession, lost: int
) -> None:
    """`lost`: messages of the interrupted batch. 60 do not fit into one atomic batch."""
    store = cassandra_history(session)
    writes, broke, completed = 0, True, set()
    while broke:
        chat, name = ChatBuilder(ChatId(an_id())), UUID(an_id())
        known = [chat.created(ANN, BOB), chat.sent(BOB, "stored")]
        await store.writer.apply(records_of(known, partition=writes))
        gone = [chat.sent(ANN, "retried", send=name), *(chat.sent(BOB, f"lost {number}") for number in range(1, lost))]
        breaking = BreakingSession(session, writes=writes)
        with suppress(ChatlyError):
            await cassandra_history(breaking).writer.apply(records_of(gone, partition=writes, start=len(known)))

        retry = chat.sent(ANN, "retried", send=name)
        new = [retry, chat.sent(BOB, "new")]
        applied = await store.writer.apply(records_of(new, partition=writes, start=(1 << OFFSET_BITS) + len(known)))

        states = await store.messages.window(retry.chat_id, Window(limit=99))
        shown = [state for state in states if not state.withdrawn]
        replayed = [item.event for item in await store.events.events_after(retry.chat_id, -1, 999)]
        assert sorted(state.seq for state in shown) == list(range(1, len(shown) + 1))
        assert {state.message_id: replace(state, seq=0) for state in shown} == fold_messages({}, replayed)
        # If the head of the chat was written as well, the earlier events are stored and not reported again.
        assert replayed[-len(applied.events) :] == [item.event for item in applied.events]
        assert [state.content.client_message_id for state in shown if state.content].count(name) == 1
        found = await store.messages.sent(ANN, name)
        assert found is not None
        assert found[1] in {state.message_id for state in shown}
        assert replayed[-1] == new[-1]
        completed.add(len(shown) - 3)
        writes, broke = writes + 1, breaking.broke

    assert {0, lost - 1} <= completed


@pytest.mark.timeout(180)
@pytest.mark.parametrize("is_new", [False, True])
async def test_an_interrupted_batch_with_every_kind_of_change_is_completed_in_the_next_epoch(
    session: CassandraSession, *, is_new: bool
) -> None:
    """`is_new`: the interrupted batch also creates the chat."""
    store = cassandra_history(session)
    writes, broke = 0, True
    while broke:
        events = a_story()
        head = 0 if is_new else 3
        await store.writer.apply(records_of(events[:head], partition=writes))
        breaking = BreakingSession(session, writes=writes)
        with suppress(ChatlyError):
            await cassandra_history(breaking).writer.apply(records_of(events[head:-1], partition=writes, start=head))
        await store.writer.apply(records_of(events[-1:], partition=writes, start=(1 << OFFSET_BITS) + head))

        states = await store.messages.window(events[0].chat_id, Window(limit=99))
        shown = [state for state in states if not state.withdrawn and state.content]
        replayed = await store.events.events_after(events[0].chat_id, -1, 99)
        assert sorted(state.seq for state in shown) == list(range(1, len(shown) + 1))
        kept = [item.event for item in replayed]
        assert {state.message_id: replace(state, seq=0) for state in shown} == {
            key: state for key, state in fold_messages({}, kept).items() if state.content
        }
        assert kept[-1] == events[-1]
        writes, broke = writes + 1, breaking.broke


async def test_two_writers_of_one_partition_write_the_same(session: CassandraSession) -> None:
    events = a_story()
    records = records_of(events)

    await asyncio.gather(*(apply(cassandra_history(session), records, size) for size in (1, 2, 3, 11)))

    await check(cassandra_history(session), events)


async def test_a_writers_cache_of_chats_is_invalid_once_another_writer_has_stored(
    session: CassandraSession,
) -> None:
    """As when a partition moves to another process and back."""
    one, other = cassandra_history(session), cassandra_history(session)
    talk, else_where = ChatBuilder(), ChatBuilder(A_GROUP)
    records = records_of([talk.sent(), talk.sent(), else_where.sent(), talk.sent(), talk.sent(), talk.sent()])

    for record, store in zip(records, (one, other, one, one, other, one), strict=True):
        await store.writer.apply([record])

    states = await one.messages.window(ANN_AND_BOB, Window(limit=99))
    assert [state.seq for state in states] == [1, 2, 3, 4, 5]


async def test_a_single_writer_reads_a_head_once(session: CassandraSession) -> None:
    listening = ListeningSession(session)
    store, chat = cassandra_history(listening), ChatBuilder()

    await apply(store, records_of([chat.sent() for _ in range(6)]), 2)

    assert sum("head_offset" in cql for cql in listening.read) == 1


async def test_a_copy_of_another_writers_send_is_withdrawn(session: CassandraSession) -> None:
    """As when a partition moves to another process and back: what a writer remembers of sends is invalid then."""
    one, other = cassandra_history(session), cassandra_history(session)
    chat, names = ChatBuilder(), [a_send_id(NOON + timedelta(seconds=second)) for second in range(3)]
    sent = [chat.sent(send=name) for name in names]
    copies = [chat.sent(send=name) for name in names[1:]]

    *records, last = records_of([*sent, *copies])
    for record, store in zip(records, (one, other, one, one), strict=True):
        await store.writer.apply([record])
    applied = await other.writer.apply([last])

    assert {event.change for event in applied.withdrawals} == {
        MessageWithdrawn(copy.event_id, kept.event_id) for copy, kept in zip(copies, sent[1:], strict=True)
    }


async def test_the_next_attempt_reports_what_an_unfinished_one_has_stored(session: CassandraSession) -> None:
    events = a_story()
    breaking = BreakingSession(session, at="stored_offsets")
    with pytest.raises(ChatlyError):
        await cassandra_history(breaking).writer.apply(records_of(events))

    applied = await cassandra_history(session).writer.apply(records_of(events))

    accepted = [event.event_id for event in events if event is not events[COPY]]
    assert [item.event.event_id for item in applied.events] == accepted


@pytest.mark.parametrize("seed", range(8))
async def test_any_order_in_the_log_gives_the_result_of_the_fold(session: CassandraSession, seed: int) -> None:
    store, order = cassandra_history(session), Random(seed)
    events = [event for number, event in enumerate(a_story()) if number != COPY]
    order.shuffle(events)

    await apply(store, records_of(events, partition=seed), order.randint(1, len(events)))

    chat_id, messages = events[0].chat_id, fold_messages({}, events)
    found = await store.messages.messages(chat_id, list(messages))
    replayed = await store.events.events_after(chat_id, -1, 99)
    assert {key: replace(state, seq=0) for key, state in found.items()} == messages
    assert sorted(state.seq for state in found.values()) == [1, 2, 3, 4]
    assert (await store.chats.heads([chat_id]))[chat_id].state == reduce(apply_to_chat, events, None)
    assert [item.event.event_id for item in replayed] == [event.event_id for event in events]
    assert not any(b"secret" in encode(item.event) for item in replayed)


async def test_rows_from_before_the_history_visibility_show_everything(session: CassandraSession) -> None:
    chat = ChatBuilder(A_GROUP)
    store = cassandra_history(session)
    await store.writer.apply(records_of([chat.created(ANN), chat.sent(), chat.member_set(ANN, BOB, Role.MEMBER)]))
    await session.execute("DELETE hidden FROM chats WHERE chat_id = ? AND user_id = ?", (A_GROUP, BOB))

    whole = (await store.chats.heads([A_GROUP]))[A_GROUP].state
    only = (await store.chats.heads([A_GROUP], only=BOB))[A_GROUP].state

    for state in (whole, only):
        assert visibility_of(state) is HistoryVisibility.SHARED
        assert viewer_of(state, BOB) == Viewer(BOB)

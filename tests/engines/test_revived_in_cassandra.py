"""A dead letter in Cassandra that can be read at last, as by a newer program."""

from collections.abc import AsyncIterator

import pytest

from history.codec import encode
from history.model import ChatEvent
from history.open import HistoryStore, cassandra_history, cassandra_schema
from history.ports import Window
from kernel.log.ports import LogPosition, LogRecord
from kernel.store.cassandra import CassandraSession
from tests.engines.cassandra import fresh_cassandra
from tests.unit.history.chronicle import ANN_AND_BOB, Chronicle, records_of, stored

pytestmark = pytest.mark.engines("cassandra")
POISON = LogRecord(LogPosition(0, 0), ANN_AND_BOB, b"\xff\xff\xff")


@pytest.fixture
async def session(cassandra_contact_points: str, fresh_name: str) -> AsyncIterator[CassandraSession]:
    async with fresh_cassandra(cassandra_contact_points, fresh_name, cassandra_schema()) as opened:
        yield opened


@pytest.fixture
def store(session: CassandraSession) -> HistoryStore:
    return cassandra_history(session)


async def mend(session: CassandraSession, event: ChatEvent) -> None:
    """Let the dead letter be one that this program can read."""
    where = (POISON.position.partition, POISON.position.offset)
    await session.execute(
        "UPDATE dead_letters SET value = ? WHERE log_partition = ? AND log_offset = ?", (encode(event), *where)
    )


async def test_it_gets_the_next_number_and_leaves_the_list(session: CassandraSession, store: HistoryStore) -> None:
    chat = Chronicle()
    late, early, next_one = chat.sent(), chat.sent(), chat.sent()
    await store.writer.apply([POISON, *records_of([early], start=1)])
    await mend(session, late)

    applied, succeeded = await store.dead_letters.replay(None)
    await store.writer.apply(records_of([next_one], start=2))

    assert (succeeded, applied.dead, list(applied.events)) == (1, 0, stored([late]))
    assert await store.dead_letters.count() == 0
    messages = await store.messages.window(ANN_AND_BOB, Window(limit=9))
    assert {state.message_id: state.seq for state in messages} == {
        early.event_id: 1,
        late.event_id: 2,
        next_one.event_id: 3,
    }
    assert (await store.chats.heads([ANN_AND_BOB]))[ANN_AND_BOB].position == LogPosition(0, 2)


async def test_one_whose_event_came_again_since_changes_nothing(session: CassandraSession, store: HistoryStore) -> None:
    sent = Chronicle().sent()
    await store.writer.apply([POISON, *records_of([sent], start=1)])
    await mend(session, sent)

    applied, succeeded = await store.dead_letters.replay([POISON.position])

    assert (succeeded, list(applied.events)) == (1, [])
    assert [state.seq for state in await store.messages.window(ANN_AND_BOB, Window(limit=9))] == [1]


async def test_a_send_that_comes_after_its_deletion_leaves_no_words(
    session: CassandraSession, store: HistoryStore
) -> None:
    chat = Chronicle()
    sent = chat.sent(text="the secret")
    await store.writer.apply([POISON, *records_of([chat.deleted_for_everyone(sent)], start=1)])
    await mend(session, sent)

    await store.dead_letters.replay(None)

    (state,) = await store.messages.window(ANN_AND_BOB, Window(limit=9))
    assert (state.deleted_for_everyone, state.content and state.content.text) == (True, "")
    kept = [encode(item.event) for item in await store.events.events_after(ANN_AND_BOB, -1, 9)]
    assert len(kept) == 2
    assert not any(b"secret" in value for value in kept)

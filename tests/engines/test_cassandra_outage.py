"""A Cassandra is killed and restarted: calls fail fast with a clear error, then work again, and nothing is lost."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from history.open import HistoryStore, cassandra_history, cassandra_schema
from history.ports import Window
from kernel.cassandra.session import CassandraSession, open_cassandra
from kernel.errors import ChatlyError, KernelReason
from kernel.log.ports import LogRecord
from tests.engines.cassandra import cassandra_settings, fresh_cassandra
from tests.engines.own_cassandra import OwnCassandra
from tests.unit.history.builders import ANN_AND_BOB, ChatBuilder, records_of
from tests.waiting import eventually

pytestmark = [pytest.mark.engines("cassandra"), pytest.mark.timeout(240)]
BACK_SECONDS = 15.0


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[OwnCassandra]:
    """Stopped, with tables: creating them takes as long as the disk needs, which no timeout below covers."""
    cassandra = OwnCassandra(tmp_path)
    await cassandra.start()
    async with open_cassandra(cassandra_settings(cassandra.node.address, "away"), cassandra_schema()) as session:
        await session.ready()
    await cassandra.kill()
    yield cassandra
    await cassandra.kill()


async def persist(store: HistoryStore, records: Sequence[LogRecord]) -> None:
    """Store unstored records from the store's position until all are stored, like the persister."""
    while len(left := records[(await store.events.stored()).get(0, -1) + 1 :]):
        await store.writer.apply(left[:30])


async def is_persisted(store: HistoryStore, records: Sequence[LogRecord]) -> bool:
    try:
        await persist(store, records)
    except ChatlyError as error:
        return error.reason != KernelReason.STORE_UNAVAILABLE
    return True


async def test_cassandra_may_start_late_stop_and_restart(own: OwnCassandra) -> None:
    chat = ChatBuilder()
    sent = [chat.sent() for _ in range(60)]
    records = records_of(sent)
    async with open_cassandra(cassandra_settings(own.node.address, "away"), cassandra_schema()) as session:
        store = cassandra_history(session)
        await eventually(lambda: _is_refused(session), "the missing server is noticed")
        await own.start()
        await asyncio.wait_for(session.ready(), BACK_SECONDS)
        await persist(store, records[:30])

        await own.kill()
        async with asyncio.timeout(BACK_SECONDS):
            with pytest.raises(ChatlyError) as raised:
                await store.writer.apply(records[30:])
        assert raised.value.reason == KernelReason.STORE_UNAVAILABLE

        await own.start()
        await eventually(lambda: is_persisted(store, records), "all of it is stored", seconds=BACK_SECONDS)
        states = await store.messages.window(ANN_AND_BOB, Window(limit=99))

    assert [(state.message_id, state.seq) for state in states] == [
        (event.event_id, number) for number, event in enumerate(sent, 1)
    ]


async def test_lost_writes_are_noticed_before_new_messages_are_numbered(
    cassandra_contact_points: str, fresh_name: str
) -> None:
    chat = ChatBuilder()
    records = records_of([chat.sent() for _ in range(4)])
    async with fresh_cassandra(cassandra_contact_points, fresh_name, cassandra_schema()) as session:
        store = cassandra_history(session)
        await persist(store, records[:2])
        for table in ("messages", "chats", "events", "sends", "stored_offsets"):
            await session.execute(f"TRUNCATE {table}")

        with pytest.raises(ChatlyError, match="not there any more"):
            await store.writer.apply(records[2:])
        await persist(store, records)

        assert [state.seq for state in await store.messages.window(ANN_AND_BOB, Window(limit=9))] == [1, 2, 3, 4]


async def _is_refused(session: CassandraSession) -> bool:
    return "Connection refused" in (await session.health() or "")

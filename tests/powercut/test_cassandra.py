"""A single Cassandra node loses power while messages are stored. It must have what its stored offsets say."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from history.open import HistoryStore, cassandra_history, cassandra_schema
from history.ports import Window
from kernel.cassandra.session import CassandraSession, open_cassandra
from kernel.log.ports import LogRecord
from tests.engines.cassandra import cassandra_settings
from tests.engines.ports import small_settings
from tests.powercut.engine import PowerCutEngine, power_cut_cassandra
from tests.unit.history.builders import ANN_AND_BOB, ChatBuilder, records_of
from tests.waiting import eventually

pytestmark = [pytest.mark.engines("cassandra"), pytest.mark.toolchain("gcc"), pytest.mark.timeout(900)]

MESSAGES = 120
BEFORE_THE_CUT = 60
BACK_SECONDS = 240
# Cassandra flushes each table for itself. This table is the smallest, and here it is flushed first.
_FLUSH_OFFSETS = "ALTER TABLE stored_offsets WITH memtable_flush_period_in_ms = 500"


@pytest.mark.parametrize(("commitlog_sync", "keeps"), [("batch", "everything"), ("periodic", "offsets")])
async def test_a_node_that_syncs_every_write_has_what_its_offsets_say(
    tmp_path: Path, commitlog_sync: str, keeps: str
) -> None:
    chat = ChatBuilder()
    records = records_of([chat.sent() for _ in range(MESSAGES)])
    node = power_cut_cassandra(small_settings(tmp_path), commitlog_sync=commitlog_sync)
    settings = cassandra_settings(node.address, "power")
    await node.start()
    try:
        async with open_cassandra(settings, cassandra_schema()) as session:
            await asyncio.wait_for(session.ready(), BACK_SECONDS)
            await session.execute(_FLUSH_OFFSETS)
            await _lose_power(node, session, records)
        await node.start()

        async with open_cassandra(settings, cassandra_schema()) as session:
            await asyncio.wait_for(session.ready(), BACK_SECONDS)
            store = cassandra_history(session)
            claimed = (await store.events.stored()).get(0, -1) + 1
            assert claimed > 0
            assert (await _numbers(store) == list(range(1, claimed + 1))) == (keeps == "everything")
            if keeps == "everything":
                await _persist(store, records)
                assert await _numbers(store) == list(range(1, MESSAGES + 1))
    finally:
        await node.stop()


async def _lose_power(node: PowerCutEngine, session: CassandraSession, records: Sequence[LogRecord]) -> None:
    """Cut the power while records are stored, after the stored offsets were flushed."""
    store = cassandra_history(session)
    persisting = asyncio.create_task(_persist(store, records[:-1], pause=0.05))

    async def is_under_way() -> bool:
        return (await store.events.stored()).get(0, -1) >= BEFORE_THE_CUT

    await eventually(is_under_way, "there is something to lose", seconds=BACK_SECONDS)
    await node.cut_power()
    persisting.cancel()
    await asyncio.gather(persisting, return_exceptions=True)


async def _persist(store: HistoryStore, records: Sequence[LogRecord], *, pause: float = 0.0) -> None:
    """Store a few records at a time, from the stored offset, like the persister."""
    while left := records[(await store.events.stored()).get(0, -1) + 1 :]:
        await store.writer.apply(left[:5])
        await asyncio.sleep(pause)


async def _numbers(store: HistoryStore) -> list[int]:
    return sorted(state.seq for state in await store.messages.window(ANN_AND_BOB, Window(limit=MESSAGES)))

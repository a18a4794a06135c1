"""A Cassandra that is killed during writes has every acknowledged row after its restart.

History can be restored from the log; accounts and files exist nowhere else.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from kernel.cassandra.schema import Schema
from kernel.cassandra.session import CassandraSession, open_cassandra
from kernel.errors import ChatlyError
from tests.engines.cassandra import cassandra_settings
from tests.engines.own_cassandra import OwnCassandra
from tests.waiting import eventually

pytestmark = [pytest.mark.engines("cassandra"), pytest.mark.timeout(900)]

SCHEMA = Schema("tests", ("CREATE TABLE IF NOT EXISTS things (a int PRIMARY KEY);\n",))
# Many small writes at once: with `commitlog_sync: periodic` dozens of the last rows were lost every time.
WRITERS = 32
BEFORE_THE_KILL = 3_000
BACK_SECONDS = 120


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[OwnCassandra]:
    cassandra = OwnCassandra(tmp_path)
    await cassandra.start()
    yield cassandra
    await cassandra.kill()


async def test_rows_acknowledged_just_before_the_kill_are_there_after_it(own: OwnCassandra) -> None:
    settings = cassandra_settings(own.node.address, "killed")
    acknowledged: set[int] = set()
    numbers = count()

    async def write(session: CassandraSession) -> None:
        with suppress(ChatlyError):
            for number in numbers:
                await session.execute("INSERT INTO things (a) VALUES (?)", (number,))
                acknowledged.add(number)

    async with open_cassandra(settings, SCHEMA) as session, asyncio.TaskGroup() as writers:
        await asyncio.wait_for(session.ready(), BACK_SECONDS)
        for _ in range(WRITERS):
            writers.create_task(write(session))
        await eventually(lambda: len(acknowledged) >= BEFORE_THE_KILL, "there is something to lose", seconds=120)
        await own.kill()
    await own.start()
    async with open_cassandra(settings, SCHEMA) as session:
        await asyncio.wait_for(session.ready(), BACK_SECONDS)
        found = {row["a"] for row in await session.execute("SELECT a FROM things")}

    assert acknowledged - found == set()

"""A Cassandra that is killed in the middle of writes has, once it is back, every row that it acknowledged.

History heals by itself, from the log; accounts and files stand nowhere else.
"""

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest

from kernel.errors import ChatlyError
from kernel.store.cassandra import open_cassandra
from services.auth.adapters.cassandra_stores import auth_schema, open_cassandra_auth_stores
from services.auth.model import Account
from services.media.adapters.cassandra_stores import media_schema, open_cassandra_media_stores
from services.media.model import Media
from tests.contract.auth.things import an_account
from tests.engines.cassandra import cassandra_settings
from tests.engines.own_cassandra import OwnCassandra
from tests.fakes import FakeClock
from tests.unit.media.builders import a_media
from tests.waiting import eventually

pytestmark = [pytest.mark.engines("cassandra"), pytest.mark.timeout(400)]
BEFORE_THE_KILL = 150
BACK_SECONDS = 60


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[OwnCassandra]:
    cassandra = OwnCassandra(tmp_path)
    await cassandra.start()
    yield cassandra
    await cassandra.kill()


async def test_rows_acknowledged_a_moment_before_the_kill_are_there_afterwards(own: OwnCassandra) -> None:
    accounts: list[Account] = []
    files: list[Media] = []
    settings, schemas = cassandra_settings(own.node.address, "killed"), (auth_schema(), media_schema())
    async with open_cassandra(settings, *schemas) as session:
        await asyncio.wait_for(session.ready(), BACK_SECONDS)
        users = open_cassandra_auth_stores(session, clock=FakeClock()).users
        media = open_cassandra_media_stores(session, clock=FakeClock()).media

        async def write() -> None:
            """Until it is refused."""
            for _ in count():
                account, file = an_account(), a_media()
                try:
                    await users.add(account)
                    accounts.append(account)
                    await media.add(file)
                    files.append(file)
                except ChatlyError:
                    return

        async with asyncio.TaskGroup() as writers:
            for _ in range(8):
                writers.create_task(write())
            await eventually(lambda: len(files) >= BEFORE_THE_KILL, "there is something to lose", seconds=60)
            await own.kill()
    await own.start()

    async with open_cassandra(settings, *schemas) as session:
        await asyncio.wait_for(session.ready(), BACK_SECONDS)
        users = open_cassandra_auth_stores(session, clock=FakeClock()).users
        media = open_cassandra_media_stores(session, clock=FakeClock()).media
        found = await users.get([account.user_id for account in accounts])
        lost = [file for file in files if await media.find(file.media_id) != file]

    assert [account for account in accounts if account.user_id not in found] == []
    assert lost == []

"""A Cassandra that is killed in the middle of writes has, once it is back, every row that it acknowledged.

History heals by itself, from the log; accounts and files stand nowhere else.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
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

pytestmark = [pytest.mark.engines("cassandra"), pytest.mark.timeout(900)]
BEFORE_THE_KILL = 1_500
WRITERS = 24
BACK_SECONDS = 120


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

        async def register() -> None:
            for account in iter(an_account, None):
                await users.add(account)
                accounts.append(account)

        async def upload() -> None:
            for file in iter(a_media, None):
                await media.add(file)
                files.append(file)

        async def until_refused(write: Callable[[], Awaitable[None]]) -> None:
            with suppress(ChatlyError):
                await write()

        async with asyncio.TaskGroup() as writers:
            # Many at once: what is lost without a sync are the writes of the last moment.
            for number in range(WRITERS):
                writers.create_task(until_refused(upload if number % 4 else register))
            await eventually(lambda: len(files) >= BEFORE_THE_KILL, "there is something to lose", seconds=120)
            await own.kill()
    await own.start()

    async with open_cassandra(settings, *schemas) as session:
        await asyncio.wait_for(session.ready(), BACK_SECONDS)
        users = open_cassandra_auth_stores(session, clock=FakeClock()).users
        media = open_cassandra_media_stores(session, clock=FakeClock()).media
        found = await users.get([account.user_id for account in accounts])
        rows = [await media.find(file.media_id) for file in files]

    assert accounts
    assert [account for account in accounts if account.user_id not in found] == []
    assert [file for file, row in zip(files, rows, strict=True) if row != file] == []

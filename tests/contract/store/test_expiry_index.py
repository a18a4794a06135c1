"""The contract of ExpiryIndex in Cassandra."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from kernel.cassandra.expiry import Expiry, ExpiryIndex
from kernel.cassandra.schema import Schema
from kernel.cassandra.session import CassandraSession
from tests.builders import NOON
from tests.engines.cassandra import fresh_cassandra

pytestmark = pytest.mark.engines("cassandra")

HOUR = timedelta(hours=1)
_TABLES = """
CREATE TABLE IF NOT EXISTS test_agenda (
    list text, hour bigint, due_at bigint, subject text, PRIMARY KEY ((list, hour), due_at, subject)
);
CREATE TABLE IF NOT EXISTS test_agenda_hours (list text, hour bigint, PRIMARY KEY (list, hour));
"""


@pytest.fixture
async def session(cassandra_contact_points: str, fresh_name: str) -> AsyncIterator[CassandraSession]:
    async with fresh_cassandra(cassandra_contact_points, fresh_name, Schema("test", (_TABLES,))) as opened:
        yield opened


async def expired_by(index: ExpiryIndex, now: datetime) -> list[str]:
    return [expiry.subject async for expiry in index.until(now)]


async def test_expired_items_are_listed_until_done(session: CassandraSession) -> None:
    """One test: creating tables takes seconds."""
    index, other = (ExpiryIndex(session, prefix="test", name=name) for name in ("mine", "other"))
    lunch, tea, supper = Expiry("lunch", NOON), Expiry("tea", NOON + 4 * HOUR), Expiry("supper", NOON + 7 * HOUR)
    for expiry in (supper, lunch, tea, Expiry("snack", NOON + timedelta(microseconds=1)), lunch):
        await index.add(expiry)
    await other.add(Expiry("theirs", NOON))

    assert await expired_by(index, NOON - timedelta(microseconds=1)) == []
    assert await expired_by(index, NOON) == ["lunch"]
    assert await expired_by(index, NOON + 5 * HOUR) == ["lunch", "snack", "tea"]

    await index.done(lunch)
    await index.done(lunch)
    await index.add(lunch)
    assert await expired_by(index, NOON + 5 * HOUR) == ["snack", "tea"]

    await index.done(tea)
    assert await expired_by(index, NOON + 6 * HOUR) == ["snack"]
    hours = await session.execute("SELECT hour FROM test_agenda_hours WHERE list = 'mine'")
    assert len(hours) == 2  # the hours of the snack and of supper
    assert await expired_by(index, NOON + 30 * HOUR) == ["snack", "supper"]
    assert await expired_by(other, NOON) == ["theirs"]

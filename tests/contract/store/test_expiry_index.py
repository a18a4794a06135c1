"""What an agenda in Cassandra promises to those who keep lists of what is due."""

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


async def due_by(agenda: ExpiryIndex, now: datetime) -> list[str]:
    return [due.subject async for due in agenda.until(now)]


async def test_an_agenda(session: CassandraSession) -> None:
    """One test, because tables take seconds to make."""
    agenda, other = (ExpiryIndex(session, prefix="test", name=name) for name in ("mine", "other"))
    lunch, tea, supper = Expiry("lunch", NOON), Expiry("tea", NOON + 4 * HOUR), Expiry("supper", NOON + 7 * HOUR)
    for due in (supper, lunch, tea, Expiry("snack", NOON + timedelta(microseconds=1)), lunch):
        await agenda.add(due)
    await other.add(Expiry("theirs", NOON))

    assert await due_by(agenda, NOON - timedelta(microseconds=1)) == []
    assert await due_by(agenda, NOON) == ["lunch"]
    assert await due_by(agenda, NOON + 5 * HOUR) == ["lunch", "snack", "tea"]

    await agenda.done(lunch)
    await agenda.done(lunch)
    await agenda.add(lunch)
    assert await due_by(agenda, NOON + 5 * HOUR) == ["snack", "tea"]

    await agenda.done(tea)
    assert await due_by(agenda, NOON + 6 * HOUR) == ["snack"]
    hours = await session.execute("SELECT hour FROM test_agenda_hours WHERE list = 'mine'")
    assert len(hours) == 2  # those of the snack and of supper
    assert await due_by(agenda, NOON + 30 * HOUR) == ["snack", "supper"]
    assert await due_by(other, NOON) == ["theirs"]

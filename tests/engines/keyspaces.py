"""One keyspace for all tests of a session, emptied before each test: creating tables takes seconds, emptying them does
not.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from uuid import uuid4

from kernel.cassandra.schema import Schema
from kernel.cassandra.session import CassandraSession, open_cassandra
from tests.engines.cassandra import cassandra_settings

_TABLE = re.compile(r"CREATE TABLE IF NOT EXISTS (\w+)")


@contextmanager
def a_keyspace(contact_points: str) -> Iterator[str]:
    """Yield a name; everything created under it is dropped at the end. For session fixtures, which have no event
    loop.
    """
    name = f"test{uuid4().hex[:16]}"
    yield name
    asyncio.run(_drop(contact_points, name))


@asynccontextmanager
async def emptied_cassandra(contact_points: str, keyspace: str, schema: Schema) -> AsyncIterator[CassandraSession]:
    """Yield a session with the keyspace, whose tables exist and are empty."""
    async with open_cassandra(cassandra_settings(contact_points, keyspace), schema) as session:
        await session.ready()
        # Truncate tables without rows too: they may contain deletions with a later timestamp than the next test's
        # writes.
        tables = _TABLE.findall("\n".join(schema.scripts))
        await asyncio.gather(*(session.execute(f"TRUNCATE {table}") for table in tables))
        yield session


async def _drop(contact_points: str, keyspace: str) -> None:
    # Truncates some thirty tables while the next tests have already started.
    patient = replace(cassandra_settings(contact_points, keyspace), request_seconds=60.0)
    async with open_cassandra(patient) as session:
        await session.ready()
        await session.execute(f"DROP KEYSPACE IF EXISTS {keyspace}")

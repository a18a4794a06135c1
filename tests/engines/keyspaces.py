"""A keyspace for all tests of a session, emptied before each: making tables takes seconds, emptying them does not."""

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
    """A name; what was made under it is dropped at the end. For fixtures of session scope, which have no event loop."""
    name = f"test{uuid4().hex[:16]}"
    yield name
    asyncio.run(_drop(contact_points, name))


@asynccontextmanager
async def emptied_cassandra(contact_points: str, keyspace: str, schema: Schema) -> AsyncIterator[CassandraSession]:
    """A session with the keyspace, whose tables are there and empty."""
    async with open_cassandra(cassandra_settings(contact_points, keyspace), schema) as session:
        await session.ready()
        # Tables without rows too: they may hold deletions that no later write of another test would beat.
        tables = _TABLE.findall("\n".join(schema.scripts))
        await asyncio.gather(*(session.execute(f"TRUNCATE {table}") for table in tables))
        yield session


async def _drop(contact_points: str, keyspace: str) -> None:
    # Of some thirty tables, while the tests that come next have begun.
    patient = replace(cassandra_settings(contact_points, keyspace), request_seconds=60.0)
    async with open_cassandra(patient) as session:
        await session.ready()
        await session.execute(f"DROP KEYSPACE IF EXISTS {keyspace}")

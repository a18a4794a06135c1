"""A keyspace for one test, dropped afterwards."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kernel.cassandra.schema import Schema
from kernel.cassandra.session import CassandraSession, open_cassandra
from kernel.cassandra.settings import CassandraSettings


def cassandra_settings(contact_points: str, keyspace: str) -> CassandraSettings:
    """`contact_points`: `host:port,...`"""
    points = tuple(contact_points.split(","))
    return CassandraSettings(contact_points=points, keyspace=keyspace, replication="1", request_seconds=15.0)


@asynccontextmanager
async def fresh_cassandra(contact_points: str, keyspace: str, *schemas: Schema) -> AsyncIterator[CassandraSession]:
    """Yield a session with empty tables."""
    async with open_cassandra(cassandra_settings(contact_points, keyspace), *schemas) as session:
        await session.ready()
        try:
            yield session
        finally:
            await session.execute(f"DROP KEYSPACE IF EXISTS {keyspace}")

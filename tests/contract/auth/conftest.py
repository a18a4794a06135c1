"""Fixtures with every adapter of auth's ports."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kernel.cassandra.session import CassandraSession
from kernel.sqlite.database import open_sqlite
from services.auth.adapters.cassandra.stores import CassandraAuthStores, auth_schema, open_cassandra_auth_stores
from services.auth.adapters.memory import MemoryAttempts
from services.auth.adapters.redis import RedisAttempts
from services.auth.adapters.sqlite.blocks_and_keys import SqliteBlocks, SqliteKeys
from services.auth.adapters.sqlite.erasures import SqliteErasures
from services.auth.adapters.sqlite.schema import SCHEMA
from services.auth.adapters.sqlite.sessions import SqliteRefreshTokens, SqliteSessions
from services.auth.adapters.sqlite.users import SqliteUsers
from services.auth.ports import (
    AccountChanges,
    AccountStore,
    AttemptLimiter,
    BlockStore,
    ErasureStore,
    ExpiryCleanup,
    KeyStore,
    RefreshTokenStore,
    SessionEndings,
    SessionStore,
    UserDirectory,
)
from tests.engines.keyspaces import a_keyspace, emptied_cassandra
from tests.engines.redis_installation import fresh_redis
from tests.fakes import FakeClock


@dataclass(frozen=True, kw_only=True)
class Stores:
    """Adapters of one technology over one database."""

    accounts: AccountStore
    changes: AccountChanges
    directory: UserDirectory
    sessions: SessionStore
    endings: SessionEndings
    refresh_tokens: RefreshTokenStore
    expiry: ExpiryCleanup
    keys: KeyStore
    blocks: BlockStore
    erasures: ErasureStore


@pytest.fixture(scope="session")
def auth_keyspace(cassandra_contact_points: str) -> Iterator[str]:
    with a_keyspace(cassandra_contact_points) as name:
        yield name


@pytest.fixture
async def cassandra(
    cassandra_contact_points: str, auth_keyspace: str, clock: FakeClock
) -> AsyncIterator[tuple[CassandraSession, CassandraAuthStores]]:
    """Session and stores for tests of Cassandra only."""
    async with emptied_cassandra(cassandra_contact_points, auth_keyspace, auth_schema()) as session:
        yield session, open_cassandra_auth_stores(session, clock=clock)


@pytest.fixture
async def sqlite_stores(tmp_path: Path) -> AsyncIterator[Stores]:
    async with open_sqlite(tmp_path / "auth.db", SCHEMA) as database:
        users, sessions, tokens = SqliteUsers(database), SqliteSessions(database), SqliteRefreshTokens(database)
        yield Stores(
            accounts=users,
            changes=users,
            directory=users,
            sessions=sessions,
            endings=sessions,
            refresh_tokens=tokens,
            expiry=tokens,
            keys=SqliteKeys(database),
            blocks=SqliteBlocks(database),
            erasures=SqliteErasures(database),
        )


@pytest.fixture
def cassandra_stores(cassandra: tuple[CassandraSession, CassandraAuthStores]) -> Stores:
    _, opened = cassandra
    return Stores(
        accounts=opened.users,
        changes=opened.users,
        directory=opened.directory,
        sessions=opened.sessions,
        endings=opened.sessions,
        refresh_tokens=opened.refresh_tokens,
        expiry=opened.refresh_tokens,
        keys=opened.keys,
        blocks=opened.blocks,
        erasures=opened.erasures,
    )


@pytest.fixture(params=["sqlite", pytest.param("cassandra", marks=pytest.mark.engines("cassandra"))])
def stores(request: pytest.FixtureRequest) -> Stores:
    opened: Stores = request.getfixturevalue(f"{request.param}_stores")
    return opened


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.engines("redis"))])
async def limiter(request: pytest.FixtureRequest, clock: FakeClock, fresh_name: str) -> AsyncIterator[AttemptLimiter]:
    if request.param == "memory":
        yield MemoryAttempts(clock=clock)
    else:
        async with fresh_redis(request.getfixturevalue("redis_url"), fresh_name) as redis:
            yield RedisAttempts(redis=redis, clock=clock)

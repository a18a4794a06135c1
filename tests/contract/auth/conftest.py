"""Every adapter of auth's ports. A contract is asked of each of them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kernel.store.sqlite import open_sqlite
from services.auth.adapters.memory_attempts import MemoryAttempts
from services.auth.adapters.redis_attempts import RedisAttempts
from services.auth.adapters.schema import SCHEMA
from services.auth.adapters.sqlite_blocks import SqliteBlocks
from services.auth.adapters.sqlite_keys import SqliteKeys
from services.auth.adapters.sqlite_sessions import SqliteRefreshTokens, SqliteSessions
from services.auth.adapters.sqlite_users import SqliteUsers
from services.auth.ports import (
    AccountChanges,
    AccountStore,
    AttemptLimiter,
    BlockStore,
    Forgetting,
    KeyStore,
    RefreshTokenStore,
    SessionEndings,
    SessionStore,
    UserDirectory,
)
from tests.engines.redis_house import fresh_redis
from tests.fakes import FakeClock


@dataclass(frozen=True, kw_only=True)
class Stores:
    """One technology's adapters over one database."""

    accounts: AccountStore
    changes: AccountChanges
    directory: UserDirectory
    sessions: SessionStore
    endings: SessionEndings
    refresh_tokens: RefreshTokenStore
    forgetting: Forgetting
    keys: KeyStore
    blocks: BlockStore


@pytest.fixture(params=["sqlite"])
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stores]:
    assert request.param == "sqlite"
    async with open_sqlite(tmp_path / "auth.db", SCHEMA) as database:
        users, sessions, tokens = SqliteUsers(database), SqliteSessions(database), SqliteRefreshTokens(database)
        yield Stores(
            accounts=users,
            changes=users,
            directory=users,
            sessions=sessions,
            endings=sessions,
            refresh_tokens=tokens,
            forgetting=tokens,
            keys=SqliteKeys(database),
            blocks=SqliteBlocks(database),
        )


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

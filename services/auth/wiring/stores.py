"""Opens what auth keeps: in files of this machine, or in the engines that all nodes share."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kernel.platform import Engines, Platform
from kernel.service import HealthCheck
from kernel.sqlite.database import SqliteDatabase, open_sqlite
from services.auth.adapters.memory.attempts import MemoryAttempts
from services.auth.adapters.sqlite.blocks import SqliteBlocks
from services.auth.adapters.sqlite.keys import SqliteKeys
from services.auth.adapters.sqlite.schema import SCHEMA
from services.auth.adapters.sqlite.sessions import SqliteRefreshTokens, SqliteSessions
from services.auth.adapters.sqlite.users import SqliteUsers
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
from services.auth.settings import AuthSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Everything that auth keeps, open, behind its ports."""

    accounts: AccountStore
    changes: AccountChanges
    directory: UserDirectory
    sessions: SessionStore
    endings: SessionEndings
    refresh_tokens: RefreshTokenStore
    forgetting: Forgetting
    keys: KeyStore
    blocks: BlockStore
    attempts: AttemptLimiter
    health: HealthCheck


@asynccontextmanager
async def open_stores(settings: AuthSettings, platform: Platform) -> AsyncIterator[Stores]:
    """`auth.db` in the data folder and counts in memory, or Cassandra and Redis."""
    attempts = MemoryAttempts(clock=platform.clock, free=settings.free_failures)
    if platform.engines is not None:
        yield _distributed(platform, platform.engines, attempts, free=settings.free_failures)
        return
    path = platform.data_dir / "auth.db"
    await asyncio.to_thread(_keep_private, path)
    async with open_sqlite(path, SCHEMA) as database:
        yield _embedded(database, attempts)


def _embedded(database: SqliteDatabase, attempts: AttemptLimiter) -> Stores:
    users, sessions, refresh_tokens = SqliteUsers(database), SqliteSessions(database), SqliteRefreshTokens(database)
    return Stores(
        accounts=users,
        changes=users,
        directory=users,
        sessions=sessions,
        endings=sessions,
        refresh_tokens=refresh_tokens,
        forgetting=refresh_tokens,
        keys=SqliteKeys(database),
        blocks=SqliteBlocks(database),
        attempts=attempts,
        health=partial(_check_file, database),
    )


def _distributed(platform: Platform, engines: Engines, spare: AttemptLimiter, *, free: int) -> Stores:
    from services.auth.adapters.cassandra.stores import open_cassandra_auth_stores
    from services.auth.adapters.fallback.attempts import SpareAttempts
    from services.auth.adapters.redis.attempts import RedisAttempts

    stores = open_cassandra_auth_stores(engines.cassandra, clock=platform.clock)
    return Stores(
        accounts=stores.users,
        changes=stores.users,
        directory=stores.directory,
        sessions=stores.sessions,
        endings=stores.sessions,
        refresh_tokens=stores.refresh_tokens,
        forgetting=stores.refresh_tokens,
        keys=stores.keys,
        blocks=stores.blocks,
        attempts=SpareAttempts(shared=RedisAttempts(redis=engines.redis, free=free), spare=spare),
        health=partial(_check_keys, stores.keys),
    )


def _keep_private(path: Path) -> None:
    """The file holds private keys and password hashes: only its owner may read it. SQLite's other files follow suit."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)


async def _check_file(database: SqliteDatabase) -> str | None:
    await database.write(lambda connection: connection.execute("PRAGMA user_version").fetchone())
    return None


async def _check_keys(keys: KeyStore) -> str | None:
    await keys.all()
    return None

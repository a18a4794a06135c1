"""Last seen times and statuses in SQLite."""

import json
import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from kernel.ids import UserId
from kernel.sqlite.database import SqliteDatabase, open_sqlite
from kernel.time import maybe_from_micros, to_micros
from services.presence.model import CustomStatus, Profile

# Times are microseconds since 1970. `status_text` and `status_emoji` are either both NULL or both set.
_SCHEMA = (
    """
    CREATE TABLE profiles (
        user_id TEXT PRIMARY KEY,
        last_seen_us INTEGER,
        status_text TEXT,
        status_emoji TEXT,
        status_expires_us INTEGER
    ) WITHOUT ROWID;
    CREATE INDEX profiles_by_expiry ON profiles (status_expires_us) WHERE status_expires_us IS NOT NULL
    """,
)
# One JSON parameter holds all users, because SQLite limits the number of parameters.
_READ = "SELECT * FROM profiles WHERE user_id IN (SELECT value FROM json_each(?))"
_RECORD_SEEN = """
    INSERT INTO profiles (user_id, last_seen_us) VALUES (?, ?) ON CONFLICT (user_id)
    DO UPDATE SET last_seen_us = max(coalesce(last_seen_us, excluded.last_seen_us), excluded.last_seen_us)
"""
_SET_STATUS = """
    INSERT INTO profiles (user_id, status_text, status_emoji, status_expires_us) VALUES (?, ?, ?, ?)
    ON CONFLICT (user_id) DO UPDATE SET status_text = excluded.status_text, status_emoji = excluded.status_emoji,
    status_expires_us = excluded.status_expires_us
"""
_ANY_EXPIRED = "SELECT 1 FROM profiles WHERE status_expires_us <= ? LIMIT 1"
_REMOVE_EXPIRED = """
    UPDATE profiles SET status_text = NULL, status_emoji = NULL, status_expires_us = NULL
    WHERE status_expires_us <= ? RETURNING user_id
"""


class SqliteProfileStore:
    """ProfileStore in SQLite, in the file `presence.db`."""

    def __init__(self, *, database: SqliteDatabase) -> None:
        self._database = database

    async def read(self, user_ids: Iterable[UserId]) -> Mapping[UserId, Profile]:
        wanted = json.dumps(list(user_ids))
        rows = await self._database.read(lambda db: db.execute(_READ, (wanted,)).fetchall())
        return {UserId(row["user_id"]): _profile(row) for row in rows}

    async def record_seen(self, times: Mapping[UserId, datetime]) -> None:
        rows = [(user_id, to_micros(time)) for user_id, time in times.items()]
        await self._database.write(lambda db: db.executemany(_RECORD_SEEN, rows))

    async def set_status(self, user_id: UserId, status: CustomStatus | None) -> None:
        row = (user_id, *_status_columns(status))
        await self._database.write(lambda db: db.execute(_SET_STATUS, row))

    async def erase(self, user_id: UserId) -> None:
        await self._database.write(lambda db: db.execute("DELETE FROM profiles WHERE user_id = ?", (user_id,)))
        await self._database.empty_wal()

    async def remove_expired_statuses(self, now: datetime) -> Sequence[UserId]:
        limit = (to_micros(now),)
        if await self._database.read(lambda db: db.execute(_ANY_EXPIRED, limit).fetchone()) is None:
            return ()
        rows = await self._database.write(lambda db: db.execute(_REMOVE_EXPIRED, limit).fetchall())
        return [UserId(row["user_id"]) for row in rows]


@asynccontextmanager
async def open_sqlite_profile_store(path: Path) -> AsyncIterator[SqliteProfileStore]:
    """Open or create the file, and close it at exit."""
    async with open_sqlite(path, _SCHEMA) as database:
        yield SqliteProfileStore(database=database)


def _profile(row: sqlite3.Row) -> Profile:
    status = None
    if row["status_text"] is not None:
        status = CustomStatus(row["status_text"], row["status_emoji"], maybe_from_micros(row["status_expires_us"]))
    return Profile(maybe_from_micros(row["last_seen_us"]), status)


def _status_columns(status: CustomStatus | None) -> tuple[str | None, str | None, int | None]:
    if status is None:
        return None, None, None
    return status.text, status.emoji, None if status.expires_at is None else to_micros(status.expires_at)

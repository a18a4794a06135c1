"""Blocks and signing keys in SQLite. Private keys are stored unencrypted: only the owner can read the file."""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from kernel.ids import UserId
from kernel.sqlite.database import SqliteDatabase
from kernel.time import from_micros, to_micros
from services.auth.model import SigningKey


class SqliteBlocks:
    """BlockStore in SQLite."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def add(self, blocker: UserId, blocked: UserId, *, at: datetime) -> None:
        query = "INSERT OR IGNORE INTO blocks VALUES (?, ?, ?)"
        await self._database.write(lambda connection: connection.execute(query, (blocker, blocked, to_micros(at))))

    async def remove(self, blocker: UserId, blocked: UserId) -> None:
        query = "DELETE FROM blocks WHERE blocker_id = ? AND blocked_id = ?"
        await self._database.write(lambda connection: connection.execute(query, (blocker, blocked)))

    async def blocked_by(self, blockers: Collection[UserId]) -> Mapping[UserId, Collection[UserId]]:
        def job(connection: sqlite3.Connection) -> dict[UserId, Collection[UserId]]:
            found = {blocker: _blocked_by(connection, blocker) for blocker in blockers}
            return {blocker: blocked for blocker, blocked in found.items() if blocked}

        return await self._database.read(job)

    async def clear(self, blocker: UserId) -> None:
        query = "DELETE FROM blocks WHERE blocker_id = ?"
        await self._database.write(lambda connection: connection.execute(query, (blocker,)))


class SqliteKeys:
    """KeyStore in SQLite."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def all(self) -> Sequence[SigningKey]:
        query = "SELECT * FROM signing_keys ORDER BY number"
        return [_key(row) for row in await self._database.read(lambda connection: connection.execute(query).fetchall())]

    async def add(self, key: SigningKey) -> bool:
        query = "INSERT OR IGNORE INTO signing_keys VALUES (?, ?, ?, ?)"
        row = (key.number, key.kid, key.seed, to_micros(key.signs_from))
        return await self._database.write(lambda connection: connection.execute(query, row).rowcount == 1)

    async def remove(self, number: int) -> None:
        query = "DELETE FROM signing_keys WHERE number = ?"
        await self._database.write(lambda connection: connection.execute(query, (number,)))


def _blocked_by(connection: sqlite3.Connection, blocker: UserId) -> frozenset[UserId]:
    rows = connection.execute("SELECT blocked_id FROM blocks WHERE blocker_id = ?", (blocker,))
    return frozenset(UserId(row["blocked_id"]) for row in rows)


def _key(row: sqlite3.Row) -> SigningKey:
    return SigningKey(number=row["number"], kid=row["kid"], seed=row["seed"], signs_from=from_micros(row["signs_from"]))

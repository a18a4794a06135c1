"""Blocks in SQLite."""

import sqlite3
from collections.abc import Collection, Mapping
from datetime import datetime

from kernel.ids import UserId
from kernel.sqlite.database import SqliteDatabase
from kernel.time import to_micros


class SqliteBlocks:
    """BlockStore."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def add(self, blocker: UserId, blocked: UserId, *, at: datetime) -> None:
        query = "INSERT OR IGNORE INTO blocks VALUES (?, ?, ?)"
        await self._database.write(lambda connection: connection.execute(query, (blocker, blocked, to_micros(at))))

    async def remove(self, blocker: UserId, blocked: UserId) -> None:
        query = "DELETE FROM blocks WHERE blocker_id = ? AND blocked_id = ?"
        await self._database.write(lambda connection: connection.execute(query, (blocker, blocked)))

    async def of(self, blockers: Collection[UserId]) -> Mapping[UserId, Collection[UserId]]:
        def job(connection: sqlite3.Connection) -> dict[UserId, Collection[UserId]]:
            found = {blocker: _blocked_by(connection, blocker) for blocker in blockers}
            return {blocker: blocked for blocker, blocked in found.items() if blocked}

        return await self._database.read(job)

    async def clear(self, blocker: UserId) -> None:
        query = "DELETE FROM blocks WHERE blocker_id = ?"
        await self._database.write(lambda connection: connection.execute(query, (blocker,)))


def _blocked_by(connection: sqlite3.Connection, blocker: UserId) -> frozenset[UserId]:
    rows = connection.execute("SELECT blocked_id FROM blocks WHERE blocker_id = ?", (blocker,))
    return frozenset(UserId(row["blocked_id"]) for row in rows)

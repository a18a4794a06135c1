"""Planned erasures in SQLite."""

import asyncio
import sqlite3
from collections.abc import Collection, Sequence
from datetime import datetime

from kernel.ids import UserId
from kernel.sqlite.database import SqliteDatabase
from kernel.time import from_micros, to_micros
from services.auth.model import Erasure


class SqliteErasures:
    """ErasureStore in SQLite."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database
        self._emptying = asyncio.Lock()

    async def add(self, erasures: Collection[Erasure]) -> None:
        rows = [_row(erasure) for erasure in erasures]
        query = "INSERT OR IGNORE INTO erasures (due_at, user_id, delete_messages) VALUES (?, ?, ?)"
        await self._database.write(lambda connection: connection.executemany(query, rows))

    async def due(self, now: datetime, *, limit: int) -> Sequence[Erasure]:
        query = "SELECT * FROM erasures WHERE due_at <= ? ORDER BY due_at LIMIT ?"
        found = (to_micros(now), limit)
        rows = await self._database.read(lambda connection: connection.execute(query, found).fetchall())
        return [_erasure(row) for row in rows]

    async def done(self, erasure: Erasure) -> None:
        # Concurrent calls would prevent each other from emptying the WAL.
        async with self._emptying:
            await self._database.empty_wal()
        query = "DELETE FROM erasures WHERE due_at = ? AND user_id = ? AND delete_messages = ?"
        await self._database.write(lambda connection: connection.execute(query, _row(erasure)))


def _row(erasure: Erasure) -> tuple[int, str, bool]:
    return to_micros(erasure.due_at), erasure.user_id, erasure.delete_messages


def _erasure(row: sqlite3.Row) -> Erasure:
    return Erasure(UserId(row["user_id"]), from_micros(row["due_at"]), delete_messages=bool(row["delete_messages"]))

"""Planned erasures in SQLite."""

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

    async def add(self, erasures: Collection[Erasure]) -> None:
        rows = [_row(erasure) for erasure in erasures]
        query = "INSERT OR IGNORE INTO erasures (due_at, user_id) VALUES (?, ?)"
        await self._database.write(lambda connection: connection.executemany(query, rows))

    async def due(self, now: datetime, *, limit: int) -> Sequence[Erasure]:
        query = "SELECT due_at, user_id FROM erasures WHERE due_at <= ? ORDER BY due_at LIMIT ?"
        found = (to_micros(now), limit)
        rows = await self._database.read(lambda connection: connection.execute(query, found).fetchall())
        return [Erasure(UserId(row["user_id"]), from_micros(row["due_at"])) for row in rows]

    async def done(self, erasure: Erasure) -> None:
        await self._database.empty_wal()
        query = "DELETE FROM erasures WHERE due_at = ? AND user_id = ?"
        await self._database.write(lambda connection: connection.execute(query, _row(erasure)))


def _row(erasure: Erasure) -> tuple[int, str]:
    return to_micros(erasure.due_at), erasure.user_id

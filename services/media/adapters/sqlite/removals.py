"""Removals to confirm, and comparisons with the message store, in SQLite (`media.db`)."""

from collections.abc import Sequence
from datetime import datetime

from kernel.sqlite.database import SqliteDatabase
from kernel.time import from_micros, to_micros
from services.media.model import Comparison, MessageKey, PendingRemoval

_ADD_REMOVAL = """
    INSERT OR IGNORE INTO pending_removals SELECT chat_id, message_id, 0, ? FROM sent_files
    WHERE chat_id = ? AND message_id = ?
"""
_SAVE_COMPARISON = """
    INSERT INTO comparisons VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE
    SET step = excluded.step, after = excluded.after, done = excluded.done WHERE excluded.step > step
"""


class SqlitePendingRemovals:
    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def add(self, messages: Sequence[MessageKey], *, due_at: datetime) -> None:
        rows = [(to_micros(due_at), each.chat_id, each.message_id) for each in messages]
        if rows:
            await self._database.write(lambda db: db.executemany(_ADD_REMOVAL, rows))

    async def due(self, now: datetime, *, limit: int) -> Sequence[PendingRemoval]:
        query = "SELECT * FROM pending_removals WHERE due_at <= ? ORDER BY due_at LIMIT ?"
        rows = await self._database.read(lambda db: db.execute(query, (to_micros(now), limit)).fetchall())
        return [
            PendingRemoval(MessageKey(row["chat_id"], row["message_id"]), row["attempts"], from_micros(row["due_at"]))
            for row in rows
        ]

    async def postpone(self, removal: PendingRemoval, *, until: datetime) -> None:
        query = "UPDATE pending_removals SET attempts = ?, due_at = ? WHERE chat_id = ? AND message_id = ?"
        key = removal.message
        row = (removal.attempts + 1, to_micros(until), key.chat_id, key.message_id)
        await self._database.write(lambda db: db.execute(query, row))

    async def remove(self, removal: PendingRemoval) -> None:
        query = "DELETE FROM pending_removals WHERE chat_id = ? AND message_id = ?"
        key = removal.message
        await self._database.write(lambda db: db.execute(query, (key.chat_id, key.message_id)))


class SqliteComparisonProgress:
    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def load(self, epoch: str) -> Comparison | None:
        query = "SELECT * FROM comparisons WHERE epoch = ?"
        row = await self._database.read(lambda db: db.execute(query, (epoch,)).fetchone())
        return Comparison(epoch, row["step"], row["after"], bool(row["done"])) if row else None

    async def save(self, comparison: Comparison) -> None:
        row = (comparison.epoch, comparison.step, comparison.after, comparison.done)
        await self._database.write(lambda db: db.execute(_SAVE_COMPARISON, row))

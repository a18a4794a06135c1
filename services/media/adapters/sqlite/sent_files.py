"""Which chats files were sent to, in SQLite."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from kernel.sqlite.database import SqliteDatabase
from kernel.time import to_micros
from services.media.model import FilesSent, LogChange, MediaId, MessageGone

# Only a living file of the sender's own: a repeat of the log brings nothing back.
_SEND = """
    INSERT OR IGNORE INTO sent_files (chat_id, message_id, media_id)
    SELECT ?, ?, media_id FROM media WHERE media_id = ? AND owner_id = ? AND purpose = 'message' AND state = 0
"""
_FORGET = "DELETE FROM sent_files WHERE chat_id = ? AND message_id = ? RETURNING media_id"
_CONDEMN = """
    UPDATE media SET state = 1 WHERE media_id = ? AND state = 0
    AND NOT EXISTS (SELECT 1 FROM sent_files WHERE sent_files.media_id = media.media_id)
"""
_CONDEMN_UNSENT = """
    UPDATE media SET state = 1 WHERE media_id IN (
        SELECT media_id FROM media WHERE state = 0 AND purpose = 'message' AND created_at < ?
        AND NOT EXISTS (SELECT 1 FROM sent_files WHERE sent_files.media_id = media.media_id) LIMIT ?
    ) RETURNING media_id
"""


class SqliteSentFiles:
    """SentFiles in media.db."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def apply(self, changes: Sequence[LogChange]) -> Sequence[MediaId]:
        if not changes:
            return []
        return await self._database.write(
            lambda db: [media_id for change in changes for media_id in _apply(db, change)]
        )

    async def chats(self, media_id: MediaId) -> Sequence[str]:
        query = "SELECT DISTINCT chat_id FROM sent_files WHERE media_id = ?"
        rows = await self._database.read(lambda db: db.execute(query, (media_id,)).fetchall())
        return [row["chat_id"] for row in rows]

    async def delete_unsent(self, *, before: datetime, limit: int) -> Sequence[MediaId]:
        rows = await self._database.write(lambda db: db.execute(_CONDEMN_UNSENT, (to_micros(before), limit)).fetchall())
        return [MediaId(row["media_id"]) for row in rows]


def _apply(db: sqlite3.Connection, change: LogChange) -> list[MediaId]:
    match change:
        case FilesSent():
            for media_id in change.media_ids:
                db.execute(_SEND, (change.chat_id, change.message_id, media_id, change.sender_id))
            return []
        case MessageGone():
            rows = db.execute(_FORGET, (change.chat_id, change.message_id)).fetchall()
            dropped = [MediaId(row["media_id"]) for row in rows]
            if not change.deleted:
                return []
            return [media_id for media_id in dropped if db.execute(_CONDEMN, (media_id,)).rowcount]
        case _:
            assert_never(change)

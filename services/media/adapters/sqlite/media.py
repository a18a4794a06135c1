"""Facts of files in SQLite."""

import sqlite3
from collections.abc import Sequence

from kernel.errors import ChatlyError
from kernel.ids import UserId
from kernel.sqlite.database import SqliteDatabase
from kernel.time import from_micros, to_micros
from services.media.model import Media, MediaId, Purpose

_INSERT = "INSERT OR IGNORE INTO media VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)"


class SqliteMediaStore:
    """MediaStore in media.db."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def add(self, media: Media) -> None:
        row = (
            media.media_id,
            media.owner_id,
            media.purpose.value,
            media.content_type,
            media.file_name,
            media.size_bytes,
            media.sha256,
            media.width,
            media.height,
            media.thumbnail_bytes,
            to_micros(media.created_at),
        )
        await self._database.write(lambda db: db.execute(_INSERT, row))

    async def find(self, media_id: MediaId) -> Media | None:
        query = "SELECT * FROM media WHERE media_id = ? AND state = 0"
        row = await self._database.read(lambda db: db.execute(query, (media_id,)).fetchone())
        return _media(row) if row else None

    async def condemned(self, *, limit: int) -> Sequence[MediaId]:
        query = "SELECT media_id FROM media WHERE state = 1 LIMIT ?"
        rows = await self._database.read(lambda db: db.execute(query, (limit,)).fetchall())
        return [MediaId(row["media_id"]) for row in rows]

    async def bury(self, media_id: MediaId) -> None:
        # The name may say much of what was deleted.
        query = "UPDATE media SET state = 2, file_name = '' WHERE media_id = ? AND state = 1"
        await self._database.write(lambda db: db.execute(query, (media_id,)))

    async def complaint(self) -> str | None:
        """Why the store cannot be read at the moment, or None."""
        try:
            await self._database.read(lambda db: db.execute("SELECT 1 FROM media LIMIT 1").fetchone())
        except ChatlyError as error:
            return error.message
        return None


def _media(row: sqlite3.Row) -> Media:
    return Media(
        media_id=MediaId(row["media_id"]),
        owner_id=UserId(row["owner_id"]),
        purpose=Purpose(row["purpose"]),
        content_type=row["content_type"],
        file_name=row["file_name"],
        size_bytes=row["size_bytes"],
        sha256=row["sha256"],
        width=row["width"],
        height=row["height"],
        thumbnail_bytes=row["thumbnail_bytes"],
        created_at=from_micros(row["created_at"]),
    )

"""Unfinished uploads in SQLite."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from kernel.ids import UserId
from kernel.sqlite.database import SqliteDatabase
from kernel.time import from_micros, to_micros
from services.media.model import Announcement, MediaId, PendingUpload, Purpose


class SqliteUploadStore:
    """UploadStore in media.db."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def begin(self, upload: PendingUpload) -> None:
        announced = upload.announced
        row = (
            upload.upload_id,
            upload.owner_id,
            announced.file_name,
            announced.size_bytes,
            announced.purpose.value,
            announced.sha256,
            upload.limit_bytes,
            to_micros(upload.expires_at),
        )
        await self._database.write(lambda db: db.execute("INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row))

    async def find(self, upload_id: MediaId) -> PendingUpload | None:
        row = await self._database.read(
            lambda db: db.execute("SELECT * FROM uploads WHERE upload_id = ?", (upload_id,)).fetchone()
        )
        return _upload(row) if row else None

    async def end(self, upload_id: MediaId) -> None:
        await self._database.write(lambda db: db.execute("DELETE FROM uploads WHERE upload_id = ?", (upload_id,)))

    async def expired(self, now: datetime, *, limit: int) -> Sequence[PendingUpload]:
        query = "SELECT * FROM uploads WHERE expires_at <= ? ORDER BY expires_at LIMIT ?"
        rows = await self._database.read(lambda db: db.execute(query, (to_micros(now), limit)).fetchall())
        return [_upload(row) for row in rows]


def _upload(row: sqlite3.Row) -> PendingUpload:
    return PendingUpload(
        upload_id=MediaId(row["upload_id"]),
        owner_id=UserId(row["owner_id"]),
        announced=Announcement(
            file_name=row["file_name"],
            size_bytes=row["size_bytes"],
            purpose=Purpose(row["purpose"]),
            sha256=row["sha256"],
        ),
        limit_bytes=row["limit_bytes"],
        expires_at=from_micros(row["expires_at"]),
    )

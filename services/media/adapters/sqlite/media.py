"""Uploads, files and the chats they were sent to, in SQLite (`media.db`). Times are microseconds since 1970, in UTC."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import assert_never

from history.sqlite.log_rows import add_epoch, load_epochs, load_marks, save_marks
from kernel.errors import ChatlyError
from kernel.ids import UserId
from kernel.log.epochs import LogEpoch, RecordMark
from kernel.log.ports import LogRecord
from kernel.sqlite.database import SqliteDatabase
from kernel.time import from_micros, to_micros
from services.media.model import (
    FilesSent,
    GroupPictureSet,
    LogChange,
    Media,
    MediaId,
    MessageKey,
    MessagePage,
    MessageRemoved,
    PendingUpload,
    Purpose,
    UploadRequest,
    Variant,
    blob_name,
)

SCHEMA = (
    """
    CREATE TABLE uploads (
        upload_id TEXT PRIMARY KEY,
        owner_id TEXT NOT NULL,
        file_name TEXT NOT NULL,
        size_bytes INTEGER NOT NULL,
        purpose TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        limit_bytes INTEGER NOT NULL,
        expires_at INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX uploads_by_expiry ON uploads (expires_at);

    -- state: 0 stored, 1 pending deletion, 2 purged. Deleted rows stay, so that repeated records do not restore them.
    CREATE TABLE media (
        media_id TEXT PRIMARY KEY,
        owner_id TEXT NOT NULL,
        purpose TEXT NOT NULL,
        content_type TEXT NOT NULL,
        file_name TEXT NOT NULL,
        size_bytes INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        width INTEGER NOT NULL,
        height INTEGER NOT NULL,
        thumbnail_bytes INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        state INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE INDEX media_condemned ON media (media_id) WHERE state = 1;

    CREATE TABLE sent_files (
        chat_id TEXT NOT NULL,
        message_id TEXT NOT NULL,
        media_id TEXT NOT NULL,
        PRIMARY KEY (chat_id, message_id, media_id)
    ) WITHOUT ROWID;
    CREATE INDEX sent_files_by_media ON sent_files (media_id, chat_id);
    CREATE INDEX media_messages_by_age ON media (created_at) WHERE state = 0 AND purpose = 'message';
    """,
    """
    -- Pictures that a group has had.
    CREATE TABLE group_pictures (
        media_id TEXT NOT NULL,
        chat_id TEXT NOT NULL,
        PRIMARY KEY (media_id, chat_id)
    ) WITHOUT ROWID;
    CREATE INDEX media_pictures_by_owner ON media (owner_id) WHERE state = 0 AND purpose = 'avatar'
    """,
    """
    -- The epochs of the log that media has seen, and the last applied record of each partition.
    CREATE TABLE log_epochs (
        number INTEGER PRIMARY KEY,
        log_id TEXT NOT NULL,
        identity TEXT NOT NULL,
        starts TEXT NOT NULL,
        cause TEXT NOT NULL,
        detail TEXT NOT NULL,
        begun_at REAL NOT NULL,
        adopted INTEGER NOT NULL
    );
    CREATE TABLE log_marks (
        log_partition INTEGER PRIMARY KEY,
        log_offset INTEGER NOT NULL,
        value_hash BLOB NOT NULL
    )
    """,
    """
    -- Messages that were removed according to the log. The message store may not have the removal.
    CREATE TABLE pending_removals (
        chat_id TEXT NOT NULL,
        message_id TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        due_at INTEGER NOT NULL,
        PRIMARY KEY (chat_id, message_id)
    ) WITHOUT ROWID;
    CREATE INDEX pending_removals_by_time ON pending_removals (due_at);

    -- Comparisons with the message store, by epoch of the log.
    CREATE TABLE comparisons (
        epoch TEXT PRIMARY KEY,
        step INTEGER NOT NULL,
        after TEXT NOT NULL,
        done INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE INDEX media_messages_by_owner ON media (owner_id) WHERE state = 0 AND purpose = 'message'",
)

_STORED = "SELECT media_id, thumbnail_bytes FROM media WHERE state = 0"
_NOT_PURGED = "SELECT 1 FROM media WHERE media_id = ? AND state < 2"
_ADD = "INSERT OR IGNORE INTO media VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)"
# Record only existing files of the sender, so that a repeated record restores nothing.
_SEND = """
    INSERT OR IGNORE INTO sent_files (chat_id, message_id, media_id)
    SELECT ?, ?, media_id FROM media WHERE media_id = ? AND owner_id = ? AND purpose = 'message' AND state = 0
"""
_SET_PICTURE = """
    INSERT OR IGNORE INTO group_pictures (media_id, chat_id)
    SELECT media_id, ? FROM media WHERE media_id = ? AND owner_id = ? AND purpose = 'avatar' AND state = 0
"""
_MESSAGE_FILES = "SELECT media_id FROM media WHERE owner_id = ? AND state = 0 AND purpose = 'message'"
_PICTURES = "SELECT media_id FROM media WHERE owner_id = ? AND state = 0 AND purpose = 'avatar'"
_DELETE_PICTURES = """
    UPDATE media SET state = 1 WHERE owner_id = ? AND state = 0 AND purpose = 'avatar'
    AND NOT EXISTS (SELECT 1 FROM group_pictures WHERE group_pictures.media_id = media.media_id)
"""
_REMOVE_MESSAGE = "DELETE FROM sent_files WHERE chat_id = ? AND message_id = ? RETURNING media_id"
_MESSAGES = """
    SELECT DISTINCT chat_id, message_id FROM sent_files WHERE (chat_id, message_id) > (?, ?)
    ORDER BY chat_id, message_id LIMIT ?
"""
_DELETE = """
    UPDATE media SET state = 1 WHERE media_id = ? AND state = 0
    AND NOT EXISTS (SELECT 1 FROM sent_files WHERE sent_files.media_id = media.media_id)
"""
_DELETE_UNSENT = """
    UPDATE media SET state = 1 WHERE media_id IN (
        SELECT media_id FROM media WHERE state = 0 AND purpose = 'message' AND created_at < ?
        AND NOT EXISTS (SELECT 1 FROM sent_files WHERE sent_files.media_id = media.media_id) LIMIT ?
    ) RETURNING media_id
"""


def stored_names(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield the names of the blobs of all files that are not deleted."""
    for media_id, thumbnail_bytes in connection.execute(_STORED):
        yield blob_name(media_id, Variant.ORIGINAL)
        if thumbnail_bytes:
            yield blob_name(media_id, Variant.THUMBNAIL)


def has_blob(connection: sqlite3.Connection, name: str) -> bool:
    """Return whether the blob belongs to a file whose bytes are not purged."""
    media_id, _, _ = name.partition("/")
    return connection.execute(_NOT_PURGED, (media_id,)).fetchone() is not None


class SqliteUploadStore:
    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def add(self, upload: PendingUpload) -> None:
        request = upload.request
        row = (
            upload.upload_id,
            upload.owner_id,
            request.file_name,
            request.size_bytes,
            request.purpose.value,
            request.sha256,
            upload.limit_bytes,
            to_micros(upload.expires_at),
        )
        await self._database.write(lambda db: db.execute("INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row))

    async def find(self, upload_id: MediaId) -> PendingUpload | None:
        row = await self._database.read(
            lambda db: db.execute("SELECT * FROM uploads WHERE upload_id = ?", (upload_id,)).fetchone()
        )
        return _upload(row) if row else None

    async def remove(self, upload_id: MediaId) -> None:
        await self._database.write(lambda db: db.execute("DELETE FROM uploads WHERE upload_id = ?", (upload_id,)))

    async def expired(self, now: datetime, *, limit: int) -> Sequence[PendingUpload]:
        query = "SELECT * FROM uploads WHERE expires_at <= ? ORDER BY expires_at LIMIT ?"
        rows = await self._database.read(lambda db: db.execute(query, (to_micros(now), limit)).fetchall())
        return [_upload(row) for row in rows]


class SqliteMediaStore:
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
        await self._database.write(lambda db: db.execute(_ADD, row))

    async def find(self, media_id: MediaId) -> Media | None:
        query = "SELECT * FROM media WHERE media_id = ? AND state = 0"
        row = await self._database.read(lambda db: db.execute(query, (media_id,)).fetchone())
        return _media(row) if row else None

    async def message_files(self, owner_id: UserId) -> Sequence[MediaId]:
        rows = await self._database.read(lambda db: db.execute(_MESSAGE_FILES, (owner_id,)).fetchall())
        return [MediaId(row["media_id"]) for row in rows]

    async def pending_deletion(self, *, limit: int) -> Sequence[MediaId]:
        query = "SELECT media_id FROM media WHERE state = 1 LIMIT ?"
        rows = await self._database.read(lambda db: db.execute(query, (limit,)).fetchall())
        return [MediaId(row["media_id"]) for row in rows]

    async def mark_purged(self, media_id: MediaId) -> None:
        # The name and the hash can reveal deleted content.
        query = "UPDATE media SET state = 2, file_name = '', sha256 = '' WHERE media_id = ? AND state = 1"
        await self._database.write(lambda db: db.execute(query, (media_id,)))

    async def health(self) -> str | None:
        """Return an error message if the store is unreadable, else None."""
        try:
            await self._database.read(lambda db: db.execute("SELECT 1 FROM media LIMIT 1").fetchone())
        except ChatlyError as error:
            return error.message
        return None


class SqliteSentFiles:
    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def apply(self, changes: Sequence[LogChange]) -> Sequence[MediaId]:
        if not changes:
            return []
        return await self._database.write(
            lambda db: [media_id for change in changes for media_id in _apply(db, change)]
        )

    async def messages_with(self, media_id: MediaId) -> Sequence[MessageKey]:
        query = "SELECT chat_id, message_id FROM sent_files WHERE media_id = ?"
        rows = await self._database.read(lambda db: db.execute(query, (media_id,)).fetchall())
        return [MessageKey(row["chat_id"], row["message_id"]) for row in rows]

    async def messages(self, *, after: str, limit: int) -> MessagePage:
        chat_id, _, message_id = after.partition(" ")
        rows = await self._database.read(lambda db: db.execute(_MESSAGES, (chat_id, message_id, limit)).fetchall())
        keys = [MessageKey(row["chat_id"], row["message_id"]) for row in rows]
        return MessagePage(keys, f"{keys[-1].chat_id} {keys[-1].message_id}" if len(keys) == limit else "")

    async def delete_unsent(self, *, before: datetime, limit: int) -> Sequence[MediaId]:
        rows = await self._database.write(lambda db: db.execute(_DELETE_UNSENT, (to_micros(before), limit)).fetchall())
        return [MediaId(row["media_id"]) for row in rows]


class SqliteUserPictures:
    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def delete(self, owner_id: UserId) -> int:
        return await self._database.write(lambda db: db.execute(_DELETE_PICTURES, (owner_id,)).rowcount)

    async def of_user(self, owner_id: UserId) -> Sequence[MediaId]:
        rows = await self._database.read(lambda db: db.execute(_PICTURES, (owner_id,)).fetchall())
        return [MediaId(row["media_id"]) for row in rows]

    async def overwrite(self) -> None:
        await self._database.empty_wal()


class SqliteLogBookmark:
    """LogBookmark over the tables of epochs and marks."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def epochs(self) -> Sequence[LogEpoch]:
        return await self._database.read(load_epochs)

    async def begin(self, epoch: LogEpoch) -> bool:
        return await self._database.write(partial(add_epoch, epoch=epoch))

    async def marks(self) -> Mapping[int, RecordMark]:
        return await self._database.read(load_marks)

    async def save(self, records: Sequence[LogRecord]) -> None:
        await self._database.write(partial(save_marks, records=records))


def _apply(db: sqlite3.Connection, change: LogChange) -> list[MediaId]:
    match change:
        case FilesSent():
            for media_id in change.media_ids:
                db.execute(_SEND, (change.chat_id, change.message_id, media_id, change.sender_id))
            return []
        case GroupPictureSet():
            db.execute(_SET_PICTURE, (change.chat_id, change.media_id, change.user_id))
            return []
        case MessageRemoved():
            rows = db.execute(_REMOVE_MESSAGE, (change.chat_id, change.message_id)).fetchall()
            removed = [MediaId(row["media_id"]) for row in rows]
            if not change.deleted:
                return []
            return [media_id for media_id in removed if db.execute(_DELETE, (media_id,)).rowcount]
        case _:
            assert_never(change)


def _upload(row: sqlite3.Row) -> PendingUpload:
    return PendingUpload(
        upload_id=MediaId(row["upload_id"]),
        owner_id=UserId(row["owner_id"]),
        request=UploadRequest(
            file_name=row["file_name"],
            size_bytes=row["size_bytes"],
            purpose=Purpose(row["purpose"]),
            sha256=row["sha256"],
        ),
        limit_bytes=row["limit_bytes"],
        expires_at=from_micros(row["expires_at"]),
    )


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

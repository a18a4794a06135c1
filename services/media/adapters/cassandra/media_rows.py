"""Rows of files in Cassandra. A partition holds the properties of one file and the messages that contain the file.

Every write is conditional (Paxos), so that a file cannot be deleted while it is being sent.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from kernel.cassandra.callbacks import Row
from kernel.cassandra.session import CassandraSession
from kernel.errors import KernelReason, unavailable
from kernel.ids import UserId
from kernel.time import from_micros, maybe_from_micros, to_micros
from services.media.model import Media, MediaId, MessageKey, Purpose

_STORED, _PENDING_DELETION, _PURGED = 0, 1, 2
_ATTEMPTS = 10

_FACTS = "owner_id, purpose, content_type, file_name, size_bytes, sha256, width, height, thumbnail_bytes, created_at"
_READ = f"SELECT {_FACTS}, state, touched, condemned_at, chat_id FROM media WHERE media_id = ? LIMIT 1"
_MESSAGES = "SELECT chat_id, message_id FROM media WHERE media_id = ?"
_MESSAGE = "SELECT message_id FROM media WHERE media_id = ? AND chat_id = ? AND message_id = ?"
_ADD = f"UPDATE media SET {_FACTS.replace(',', ' = ?,')} = ?, state = {_STORED} WHERE media_id = ? IF state = null"
_SEND = f"""
    BEGIN BATCH
    UPDATE media SET touched = ? WHERE media_id = ? IF state = {_STORED};
    INSERT INTO media (media_id, chat_id, message_id) VALUES (?, ?, ?);
    APPLY BATCH
"""
_REMOVE_MESSAGE = "DELETE FROM media WHERE media_id = ? AND chat_id = ? AND message_id = ? IF EXISTS"
_DELETE = (
    f"UPDATE media SET state = {_PENDING_DELETION}, condemned_at = ?"
    f" WHERE media_id = ? IF state = {_STORED} AND touched = ?"
)
# The name and the hash can reveal deleted content.
_MARK_PURGED = (
    f"UPDATE media SET state = {_PURGED}, file_name = '', sha256 = '' WHERE media_id = ? IF state = {_PENDING_DELETION}"
)


@dataclass(frozen=True, slots=True)
class MediaRow:
    """A file with its state in the store."""

    media: Media
    exists: bool
    deleted_at: datetime | None
    in_a_chat: bool
    touched: UUID | None


class CassandraMediaRows:
    """The rows of files, which the adapters of MediaStore and SentFiles share."""

    def __init__(self, session: CassandraSession) -> None:
        self._session = session

    async def find(self, media_id: MediaId) -> MediaRow | None:
        """Return a file, even if it is deleted, or None if the id is unknown."""
        rows = await self._session.execute(_READ, (media_id,))
        return _media_row(media_id, rows[0]) if rows and rows[0]["state"] is not None else None

    async def add(self, media: Media) -> None:
        """Store a new file. Do nothing if the id is known, even if the file is deleted."""
        await self._session.execute(_ADD, (*_facts(media), media.media_id))

    async def messages(self, media_id: MediaId) -> list[MessageKey]:
        """Return the messages that contain the file."""
        rows = await self._session.execute(_MESSAGES, (media_id,))
        # A file that is in no chat has one row without a chat, and a group's picture a row without a message.
        return [MessageKey(row["chat_id"], row["message_id"]) for row in rows if row["message_id"]]

    async def has(self, media_id: MediaId, chat_id: str, message_id: str) -> bool:
        """Return whether a message is recorded as one that contains the file."""
        return bool(await self._session.execute(_MESSAGE, (media_id, chat_id, message_id)))

    async def send(self, media_id: MediaId, chat_id: str, message_id: str) -> bool:
        """Record a message that contains the file. Return False if the file is deleted."""
        return await self._apply(_SEND, uuid4(), media_id, media_id, chat_id, message_id)

    async def remove_message(self, media_id: MediaId, chat_id: str, message_id: str) -> None:
        """Remove a message from the file."""
        await self._apply(_REMOVE_MESSAGE, media_id, chat_id, message_id)

    async def delete(self, media_id: MediaId, *, at: datetime) -> bool:
        """Delete a file that is in no chat. Return False if the file is in a chat or was deleted before."""
        for _ in range(_ATTEMPTS):
            row = await self.find(media_id)
            if row is None or not row.exists or row.in_a_chat:
                return False
            if await self._apply(_DELETE, to_micros(at), media_id, row.touched):
                return True
        raise unavailable(KernelReason.STORE_UNAVAILABLE, "file: too many concurrent sends, please retry")

    async def mark_purged(self, media_id: MediaId) -> None:
        """Record that the bytes of a deleted file are purged."""
        await self._apply(_MARK_PURGED, media_id)

    async def _apply(self, cql: str, *params: object) -> bool:
        rows = await self._session.execute(cql, params)
        return bool(rows[0]["[applied]"])


def _facts(media: Media) -> tuple[object, ...]:
    return (
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


def _media_row(media_id: MediaId, row: Row) -> MediaRow:
    media = Media(
        media_id=media_id,
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
    return MediaRow(
        media=media,
        exists=row["state"] == _STORED,
        deleted_at=maybe_from_micros(row["condemned_at"]),
        in_a_chat=row["chat_id"] is not None,
        touched=row["touched"],
    )

"""Rows of files in Cassandra: the facts of a file and the messages that have it are one partition.

Every write is conditional (Paxos), because nothing else keeps a file from being deleted while it is being sent.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from kernel.cassandra.callbacks import Row
from kernel.cassandra.session import CassandraSession
from kernel.errors import KernelReason, unavailable
from kernel.ids import UserId
from kernel.time import from_micros, maybe_from_micros, to_micros
from services.media.model import Media, MediaId, Purpose

_THERE, _CONDEMNED, _BURIED = 0, 1, 2
_ATTEMPTS = 10

_FACTS = "owner_id, purpose, content_type, file_name, size_bytes, sha256, width, height, thumbnail_bytes, created_at"
_READ = f"SELECT {_FACTS}, state, touched, condemned_at, chat_id FROM media WHERE media_id = ? LIMIT 1"
_CHATS = "SELECT chat_id FROM media WHERE media_id = ?"
_ADD = f"UPDATE media SET {_FACTS.replace(',', ' = ?,')} = ?, state = {_THERE} WHERE media_id = ? IF state = null"
_SEND = f"""
    BEGIN BATCH
    UPDATE media SET touched = ? WHERE media_id = ? IF state = {_THERE};
    INSERT INTO media (media_id, chat_id, message_id) VALUES (?, ?, ?);
    APPLY BATCH
"""
_TAKE_BACK = "DELETE FROM media WHERE media_id = ? AND chat_id = ? AND message_id = ? IF EXISTS"
_CONDEMN = (
    f"UPDATE media SET state = {_CONDEMNED}, condemned_at = ? WHERE media_id = ? IF state = {_THERE} AND touched = ?"
)
# The name may say much of what was deleted.
_BURY = f"UPDATE media SET state = {_BURIED}, file_name = '' WHERE media_id = ? IF state = {_CONDEMNED}"


@dataclass(frozen=True, slots=True)
class MediaRow:
    """A file as it was read."""

    media: Media
    is_there: bool
    condemned_at: datetime | None
    """None: it never was."""
    in_a_chat: bool
    touched: UUID | None


class CassandraMediaRows:
    """What the adapters of media's ports share."""

    def __init__(self, session: CassandraSession) -> None:
        self._session = session

    async def find(self, media_id: MediaId) -> MediaRow | None:
        """A file, deleted or not."""
        rows = await self._session.execute(_READ, (media_id,))
        return _media_row(media_id, rows[0]) if rows and rows[0]["state"] is not None else None

    async def add(self, media: Media) -> None:
        """Nothing happens if it is known."""
        await self._session.execute(_ADD, (*_facts(media), media.media_id))

    async def chats(self, media_id: MediaId) -> list[str]:
        """Where it was sent to."""
        rows = await self._session.execute(_CHATS, (media_id,))
        # A file that is in no chat has one row without any.
        return list(dict.fromkeys(row["chat_id"] for row in rows if row["chat_id"] is not None))

    async def send(self, media_id: MediaId, chat_id: str, message_id: str) -> bool:
        """Note a message that has it; False if it was deleted."""
        return await self._apply(_SEND, uuid4(), media_id, media_id, chat_id, message_id)

    async def take_back(self, media_id: MediaId, chat_id: str, message_id: str) -> None:
        """A message has it no more."""
        await self._apply(_TAKE_BACK, media_id, chat_id, message_id)

    async def condemn(self, media_id: MediaId, *, at: datetime) -> bool:
        """Delete a file that is in no chat; False, changing nothing, if it is in one or deleted already."""
        for _ in range(_ATTEMPTS):
            row = await self.find(media_id)
            if row is None or not row.is_there or row.in_a_chat:
                return False
            if await self._apply(_CONDEMN, to_micros(at), media_id, row.touched):
                return True
        raise unavailable(KernelReason.STORE_UNAVAILABLE, "this file is being sent too often to be deleted now")

    async def bury(self, media_id: MediaId) -> None:
        """The bytes of a deleted file are gone."""
        await self._apply(_BURY, media_id)

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
        is_there=row["state"] == _THERE,
        condemned_at=maybe_from_micros(row["condemned_at"]),
        in_a_chat=row["chat_id"] is not None,
        touched=row["touched"],
    )

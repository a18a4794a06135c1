"""The messages that contain files, in Cassandra."""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from kernel.cassandra.session import CassandraSession
from services.media.adapters.cassandra.media import CassandraMediaStore
from services.media.adapters.cassandra.media_rows import CassandraMediaRows
from services.media.model import (
    FilesSent,
    GroupPictureSet,
    LogChange,
    MediaId,
    MessageKey,
    MessagePage,
    MessageRemoved,
    Purpose,
)

_NO_MESSAGE = ""
"""The message id in the row of a group that has had the file as its picture."""

_RECORD = "INSERT INTO message_files (chat_id, message_id, media_id) VALUES (?, ?, ?) USING TIMESTAMP 1"
_MESSAGES = (
    "SELECT DISTINCT chat_id, message_id, token(chat_id, message_id) AS position FROM message_files"
    " WHERE token(chat_id, message_id) > ? LIMIT ?"
)
_BEFORE_FIRST = -(1 << 63)
_FILES = "SELECT media_id FROM message_files WHERE chat_id = ? AND message_id = ?"


class CassandraSentFiles:
    """SentFiles in Cassandra. If a crash interrupts a change, the record is read and applied again."""

    def __init__(self, session: CassandraSession, *, rows: CassandraMediaRows, media: CassandraMediaStore) -> None:
        self._session = session
        self._rows = rows
        self._media = media

    async def apply(self, changes: Sequence[LogChange]) -> Sequence[MediaId]:
        return [media_id for change in changes for media_id in await self._apply(change)]

    async def messages_with(self, media_id: MediaId) -> Sequence[MessageKey]:
        return await self._rows.messages(media_id)

    async def messages(self, *, after: str, limit: int) -> MessagePage:
        rows = await self._session.execute(_MESSAGES, (int(after or _BEFORE_FIRST), limit))
        keys = [MessageKey(row["chat_id"], row["message_id"]) for row in rows]
        return MessagePage(keys, str(rows[-1]["position"]) if len(rows) == limit else "")

    async def delete_unsent(self, *, before: datetime, limit: int) -> Sequence[MediaId]:
        return await self._media.delete_unsent(before=before, limit=limit)

    async def _apply(self, change: LogChange) -> list[MediaId]:
        match change:
            case FilesSent():
                for media_id in change.media_ids:
                    await self._send(change, media_id)
                return []
            case GroupPictureSet():
                await self._set_picture(change)
                return []
            case MessageRemoved():
                rows = await self._session.execute(_FILES, (change.chat_id, change.message_id))
                media_ids = [MediaId(row["media_id"]) for row in rows]
                return [media_id for media_id in media_ids if await self._remove_message(change, media_id)]
            case _:
                assert_never(change)

    async def _send(self, change: FilesSent, media_id: MediaId) -> None:
        # Most messages of a repeated log or a comparison are known, and a conditional write takes longer than a read.
        known = await self._rows.has(media_id, change.chat_id, change.message_id)
        if known or await self._send_unknown(change, media_id):
            await self._session.execute(_RECORD, (change.chat_id, change.message_id, media_id))

    async def _send_unknown(self, change: FilesSent, media_id: MediaId) -> bool:
        row = await self._rows.find(media_id)
        if row is None or row.media.owner_id != change.sender_id or row.media.purpose is not Purpose.MESSAGE:
            return False
        # Record the message only if the file exists, so that a repeated record restores nothing.
        return await self._rows.send(media_id, change.chat_id, change.message_id)

    async def _set_picture(self, change: GroupPictureSet) -> None:
        row = await self._rows.find(change.media_id)
        if row and row.media.owner_id == change.user_id and row.media.purpose is Purpose.AVATAR:
            await self._rows.send(change.media_id, change.chat_id, _NO_MESSAGE)

    async def _remove_message(self, change: MessageRemoved, media_id: MediaId) -> bool:
        """Remove a message from a file. Return whether this deleted the file."""
        await self._rows.remove_message(media_id, change.chat_id, change.message_id)
        if change.deleted:
            return await self._media.delete(media_id)
        await self._media.mark_maybe_unsent(media_id)
        return False

"""Pages of the messages with files: the keys, and the choice of messages, are the same in all stores."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from history.attachments import EMPTY_LIST, media_of
from history.chat_id import ChatId
from history.ports import FilesPage, MessageFiles
from kernel.ids import UserId


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A stored message as StoreScan.files reads it."""

    chat_id: str
    message_id: UUID
    sender_id: str | None
    """None if only later changes of the message are stored."""
    attachments: str | None
    removed: bool


def files_page(rows: Sequence[MessageRow], *, limit: int) -> FilesPage:
    """Return the messages with files among the rows that were read with this limit."""
    after = f"{rows[-1].chat_id} {rows[-1].message_id}".encode() if len(rows) == limit else b""
    return FilesPage([found for row in rows if (found := _files(row))], after)


def decode_after(after: bytes) -> tuple[str, UUID] | None:
    """Return the chat and the id of the last message of the page before, or None for the first page."""
    chat_id, _, message_id = after.decode().partition(" ")
    return (chat_id, UUID(message_id)) if after else None


def _files(row: MessageRow) -> MessageFiles | None:
    if row.sender_id is None or row.attachments is None or row.attachments == EMPTY_LIST or row.removed:
        return None
    media_ids = [media.media_id for media in media_of(row.attachments)]
    return MessageFiles(ChatId(row.chat_id), row.message_id, UserId(row.sender_id), media_ids)

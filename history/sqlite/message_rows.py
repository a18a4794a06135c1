"""Messages and their reactions as rows of history.db."""

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from uuid import UUID

from history.attachments import EMPTY_LIST, media_of, media_text
from history.chat_id import ChatId
from history.model import Content, Edit, MessageState, ReactionMark
from history.sqlite.access import Key, id_or_none, key_or_null, rows_of, write_rows
from kernel.ids import UserId, from_time_key, time_key
from kernel.time import from_micros, to_micros

Reactions = dict[tuple[UserId, str], ReactionMark]
MessageKey = tuple[ChatId, UUID]

_COLUMNS = (
    *("chat_id", "message_id", "seq", "sender_id", "receiver_id", "client_message_id", "content"),
    *("reply_to_message_id", "attachment_url", "attachment_type", "attachment_name", "attachments", "created_at"),
    *("edited_at", "edit_event_id", "deleted_for", "deleted_for_everyone", "withdrawn"),
)
_WRITE = f"REPLACE INTO messages ({', '.join(_COLUMNS)}) VALUES rows"  # noqa: S608 - our own names
_WRITE_REACTION = "REPLACE INTO reactions (chat_id, message_id, user_id, emoji, event_id, present, set_at) VALUES rows"
_READ = "SELECT messages.* FROM wanted CROSS JOIN messages ON chat_id = a AND message_id = b"


def load_messages(connection: sqlite3.Connection, keys: Collection[MessageKey]) -> dict[MessageKey, MessageState]:
    """Return the states of the stored messages among `keys`."""
    wanted: list[Key] = [(chat_id, time_key(message_id)) for chat_id, message_id in keys]
    states = [states_of(connection, ChatId(row["chat_id"]), [row])[0] for row in rows_of(connection, _READ, wanted)]
    return {(state.chat_id, state.message_id): state for state in states}


def states_of(connection: sqlite3.Connection, chat_id: ChatId, rows: Sequence[sqlite3.Row]) -> list[MessageState]:
    """Return the states of message rows, with their reactions. The rows must be of one chat and ordered by id."""
    if not rows:
        return []
    ends = sorted((rows[0]["message_id"], rows[-1]["message_id"]))
    found = connection.execute(
        "SELECT * FROM reactions WHERE chat_id = ? AND message_id BETWEEN ? AND ?", (chat_id, *ends)
    )
    reactions: dict[bytes, Reactions] = {}
    for row in found:
        mark = ReactionMark(from_time_key(row["event_id"]), bool(row["present"]), from_micros(row["set_at"]))
        reactions.setdefault(row["message_id"], {})[UserId(row["user_id"]), row["emoji"]] = mark
    return [_state(row, reactions.get(row["message_id"], {})) for row in rows]


def save_messages(connection: sqlite3.Connection, states: Collection[MessageState]) -> None:
    """Write messages over their stored rows.

    Delete the reactions of messages that were deleted for everyone or withdrawn.
    """
    values = [_values(state) for state in states]
    write_rows(connection, _WRITE, [[row.get(column) for column in _COLUMNS] for row in values])
    for state in states:
        if state.deleted_for_everyone or state.withdrawn:
            where = (state.chat_id, time_key(state.message_id))
            connection.execute("DELETE FROM reactions WHERE chat_id = ? AND message_id = ?", where)
    write_rows(connection, _WRITE_REACTION, [row for state in states for row in _reaction_rows(state)])


def _reaction_rows(state: MessageState) -> Iterator[tuple[object, ...]]:
    for (user_id, emoji), mark in state.reactions.items():
        columns = (time_key(mark.event_id), mark.present, to_micros(mark.set_at))
        yield state.chat_id, time_key(state.message_id), user_id, emoji, *columns


def _values(state: MessageState) -> dict[str, object]:
    content, edit = state.content, state.edit
    return {
        "chat_id": state.chat_id,
        "message_id": time_key(state.message_id),
        "seq": state.seq,
        "content": edit.text if edit else content and content.text,
        "edited_at": to_micros(edit.edited_at) if edit else None,
        "edit_event_id": key_or_null(edit.event_id if edit else None),
        "deleted_for": json.dumps(sorted(state.deleted_for)) if state.deleted_for else EMPTY_LIST,
        "deleted_for_everyone": state.deleted_for_everyone,
        "withdrawn": state.withdrawn,
        **(_content_values(state.chat_id, content) if content else {}),
    }


def _content_values(chat_id: ChatId, content: Content) -> dict[str, object]:
    first = content.attachments[0] if content.attachments else None
    return {
        "sender_id": content.sender_id,
        "receiver_id": chat_id.other(content.sender_id) if chat_id.is_direct else None,
        "client_message_id": content.client_message_id.bytes,
        "reply_to_message_id": key_or_null(content.reply_to),
        "attachment_url": f"/api/uploads/{first.media_id}" if first else None,
        "attachment_type": first.content_type if first else None,
        "attachment_name": first.file_name if first else None,
        "attachments": media_text(content.attachments),
        "created_at": to_micros(content.created_at),
    }


def _state(row: sqlite3.Row, reactions: Mapping[tuple[UserId, str], ReactionMark]) -> MessageState:
    edited = row["edit_event_id"] is not None
    return MessageState(
        chat_id=ChatId(row["chat_id"]),
        message_id=from_time_key(row["message_id"]),
        content=_content(row, "" if edited else row["content"]) if row["sender_id"] else None,
        edit=Edit(from_time_key(row["edit_event_id"]), row["content"], from_micros(row["edited_at"]))
        if edited
        else None,
        reactions=reactions,
        deleted_for=frozenset(map(UserId, json.loads(row["deleted_for"]))),
        deleted_for_everyone=bool(row["deleted_for_everyone"]),
        withdrawn=bool(row["withdrawn"]),
        seq=row["seq"],
    )


def _content(row: sqlite3.Row, text: str) -> Content:
    return Content(
        sender_id=UserId(row["sender_id"]),
        client_message_id=UUID(bytes=row["client_message_id"]),
        text=text,
        reply_to=id_or_none(row["reply_to_message_id"]),
        attachments=media_of(row["attachments"]),
        created_at=from_micros(row["created_at"]),
    )

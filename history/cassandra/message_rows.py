"""Messages and reactions as rows of Cassandra. The timestamps of `write_times` make the order of writes irrelevant."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from history.attachments import media_of, media_text
from history.cassandra.write_times import ALWAYS_WINS, SINGLE_VALUE, bucket_of, later_wins
from history.chat_id import ChatId
from history.model import Content, Edit, MessageState, ReactionMark
from kernel.cassandra.callbacks import Row
from kernel.cassandra.session import UNSET, CassandraSession, Statement
from kernel.ids import UserId, time_key
from kernel.time import from_micros, to_micros

Reactions = dict[tuple[UserId, str], ReactionMark]

COLUMNS = (
    "message_id, seq, sender_id, client_message_id, content, reply_to_message_id, attachments, created_at, edited_at,"
    " edit_event_id, reacted, deleted_for, deleted_for_everyone, withdrawn"
)
_WHERE = "WHERE chat_id = ? AND bucket = ? AND message_id = ?"
_SEND = (
    "INSERT INTO messages (chat_id, bucket, message_id, seq, log_offset, sender_id, receiver_id, client_message_id,"
    " content, reply_to_message_id, attachment_url, attachment_type, attachment_name, attachments, created_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?"
)
_EDIT = f"UPDATE messages USING TIMESTAMP ? SET content = ?, edited_at = ?, edit_event_id = ? {_WHERE}"
_HIDE = f"UPDATE messages USING TIMESTAMP {SINGLE_VALUE} SET deleted_for = deleted_for + ? {_WHERE}"
_REACT = (
    "INSERT INTO message_reactions (chat_id, bucket, message_id, user_id, emoji, event_id, present, created_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?"
)
_MARK_REACTED = f"UPDATE messages USING TIMESTAMP {SINGLE_VALUE} SET reacted = true {_WHERE}"
_FORGET_REACTIONS = f"DELETE FROM message_reactions USING TIMESTAMP {ALWAYS_WINS} {_WHERE}"
_EMPTY = (
    f"UPDATE messages USING TIMESTAMP {ALWAYS_WINS} SET content = '', attachments = null, attachment_url = null,"
    " attachment_type = null, attachment_name = null, edited_at = null, edit_event_id = null, reacted = null"
)
_DELETE = f"{_EMPTY}, deleted_for_everyone = true {_WHERE}"
_WITHDRAW = f"{_EMPTY}, withdrawn = true {_WHERE}"
_REACTIONS_BETWEEN = (
    "SELECT message_id, user_id, emoji, event_id, present, created_at FROM message_reactions"
    " WHERE chat_id = ? AND bucket = ? AND message_id >= ? AND message_id <= ?"
)


def message_statements(state: MessageState, *, log_offset: int | None, reacted: bool) -> Iterable[Statement]:
    """Return the statements for the fields that the state has. The statements leave other columns unchanged.

    `log_offset` is the offset of the send, and is needed only if the state has content. `reacted` says that stored
    reactions must be deleted if the message is deleted or withdrawn.
    """
    where = (state.chat_id, bucket_of(state.message_id), state.message_id)
    if state.withdrawn or state.deleted_for_everyone:
        if reacted:
            yield _FORGET_REACTIONS, where
        yield _WITHDRAW if state.withdrawn else _DELETE, where
    if state.content:
        yield _send(state, state.content, log_offset, where)
    if state.edit:
        moment = to_micros(state.edit.edited_at)
        yield _EDIT, (later_wins(state.edit.event_id), state.edit.text, moment, state.edit.event_id, *where)
    if state.deleted_for:
        yield _HIDE, (set(state.deleted_for), *where)
    for (user_id, emoji), mark in state.reactions.items():
        values = (user_id, emoji, mark.event_id, mark.present, to_micros(mark.set_at))
        yield _REACT, (*where, *values, later_wins(mark.event_id))
    if state.reactions:
        yield _MARK_REACTED, where


def _send(state: MessageState, content: Content, log_offset: int | None, where: tuple[ChatId, int, UUID]) -> Statement:
    first = content.attachments[0] if content.attachments else None
    return _SEND, (
        *where,
        state.seq,
        log_offset,
        content.sender_id,
        state.chat_id.other(content.sender_id) if state.chat_id.is_direct else UNSET,
        content.client_message_id,
        UNSET if state.edit else content.text,
        content.reply_to or UNSET,
        f"/api/uploads/{first.media_id}" if first else UNSET,
        first.content_type if first else UNSET,
        first.file_name if first else UNSET,
        media_text(content.attachments) if first else UNSET,
        to_micros(content.created_at),
        later_wins(state.message_id),
    )


async def states_of(session: CassandraSession, chat_id: ChatId, bucket: int, rows: list[Row]) -> list[MessageState]:
    """Return the states of message rows, with their reactions. All rows must be in one bucket."""
    reacted = sorted((row["message_id"] for row in rows if row["reacted"]), key=time_key)
    reactions = await _reactions(session, (chat_id, bucket, reacted[0], reacted[-1])) if reacted else {}
    return [_state(chat_id, row, reactions.get(row["message_id"], {})) for row in rows]


async def _reactions(
    session: CassandraSession, where: tuple[ChatId, int, UUID, UUID]
) -> Mapping[UUID, Mapping[tuple[UserId, str], ReactionMark]]:
    found: dict[UUID, Reactions] = {}
    for row in await session.execute(_REACTIONS_BETWEEN, where):
        mark = ReactionMark(row["event_id"], row["present"], from_micros(row["created_at"]))
        found.setdefault(row["message_id"], {})[UserId(row["user_id"]), row["emoji"]] = mark
    return found


def _state(
    chat_id: ChatId, row: Mapping[str, Any], reactions: Mapping[tuple[UserId, str], ReactionMark]
) -> MessageState:
    if row["withdrawn"]:
        return MessageState(chat_id, row["message_id"], withdrawn=True)
    edit_id = row["edit_event_id"]
    return MessageState(
        chat_id=chat_id,
        message_id=row["message_id"],
        content=_content(row, "" if edit_id else row["content"]) if row["sender_id"] else None,
        edit=Edit(edit_id, row["content"], from_micros(row["edited_at"])) if edit_id else None,
        reactions=reactions,
        deleted_for=frozenset(row["deleted_for"] or ()),
        deleted_for_everyone=bool(row["deleted_for_everyone"]),
        seq=row["seq"] or 0,
    )


def _content(row: Mapping[str, Any], text: str) -> Content:
    return Content(
        sender_id=UserId(row["sender_id"]),
        client_message_id=row["client_message_id"],
        text=text,
        reply_to=row["reply_to_message_id"],
        attachments=media_of(row["attachments"]) if row["attachments"] else (),
        created_at=from_micros(row["created_at"]),
    )

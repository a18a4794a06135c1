"""Chats, their details and their members as rows of history.db."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from history.adapters.sqlite_access import id_or_none, key_or_null
from history.chats import direct_members, is_direct
from history.model import ChatId, ChatState, Membership, Registered, Role
from kernel.ids import UserId, from_time_key, time_key
from kernel.log.ports import LogPosition
from kernel.moments import from_micros, to_micros


@dataclass(frozen=True, slots=True)
class ChatRow:
    """A stored chat: its state, the newest `seq` given in it, and the place of its newest event."""

    state: ChatState
    last_seq: int
    position: LogPosition


def load_chat(connection: sqlite3.Connection, chat_id: ChatId, *, only: UserId | None = None) -> ChatRow | None:
    """One chat, if anything is known of it; `only`: of the people in it this one alone."""
    row = connection.execute("SELECT * FROM chats WHERE chat_id = ?", (chat_id,)).fetchone()
    if row is None:
        return None
    details = {
        found["name"]: Registered(from_time_key(found["event_id"]), found["value"], bool(found["initial"]))
        for found in connection.execute("SELECT * FROM chat_details WHERE chat_id = ?", (chat_id,))
    }
    memberships, read_marks = _load_members(connection, chat_id, only)
    state = ChatState(
        chat_id=chat_id,
        created_at=None if row["created_at"] is None else from_micros(row["created_at"]),
        memberships=memberships,
        read_marks=read_marks,
        last_message_id=id_or_none(row["last_message_id"]),
        **details,
    )
    return ChatRow(state, row["last_seq"], LogPosition(row["head_partition"], row["head_offset"]))


def save_chat(connection: sqlite3.Connection, chat: ChatRow, before: ChatRow | None) -> None:
    """Write a chat; of its details and members only those that differ from what was stored `before`."""
    state = chat.state
    old = before.state if before else ChatState(state.chat_id)
    connection.execute(
        "REPLACE INTO chats (chat_id, created_at, last_message_id, last_seq, head_partition, head_offset)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            state.chat_id,
            to_micros(state.created_at) if state.created_at else None,
            key_or_null(state.last_message_id),
            chat.last_seq,
            chat.position.partition,
            chat.position.offset,
        ),
    )
    for name, value in _details(state).items():
        if value != _details(old).get(name):
            connection.execute(
                "REPLACE INTO chat_details (chat_id, name, value, event_id, initial) VALUES (?, ?, ?, ?, ?)",
                (state.chat_id, name, value.value, time_key(value.event_id), value.initial),
            )
    known = _people(old) if before else frozenset[UserId]()
    changed = [
        user_id for user_id in _people(state) if user_id not in known or _place(state, user_id) != _place(old, user_id)
    ]
    _save_members(connection, state, changed)


def _save_members(connection: sqlite3.Connection, state: ChatState, user_ids: list[UserId]) -> None:
    rows = []
    for user_id in user_ids:
        word, mark = _place(state, user_id)
        word_values = (word.role, time_key(word.event_id), word.initial) if word else (None, None, False)
        rows.append((state.chat_id, user_id, *word_values, key_or_null(mark)))
    connection.executemany(
        "REPLACE INTO members (chat_id, user_id, role, event_id, initial, read_message_id) VALUES (?, ?, ?, ?, ?, ?)",
        rows,
    )


def _load_members(
    connection: sqlite3.Connection, chat_id: ChatId, only: UserId | None
) -> tuple[Mapping[UserId, Membership], Mapping[UserId, UUID]]:
    """Places and read marks. In a large group many came together and have read equally far: those share one value."""
    words: dict[UserId, Membership] = {}
    marks: dict[UserId, UUID] = {}
    word_of, id_of = cache(_membership), cache(from_time_key)
    cursor = connection.cursor()
    cursor.row_factory = None
    query = "SELECT user_id, role, event_id, initial, read_message_id FROM members WHERE chat_id = ?"
    where: tuple[str, ...] = (chat_id,)
    if only is not None:
        query, where = f"{query} AND user_id = ?", (chat_id, only)
    for user_id, role, event_id, initial, read_message_id in cursor.execute(query, where):
        if event_id:
            words[user_id] = word_of(role, event_id, initial)
        if read_message_id:
            marks[user_id] = id_of(read_message_id)
    return words, marks


def _membership(role: int | None, event_id: bytes, initial: int) -> Membership:
    return Membership(from_time_key(event_id), None if role is None else Role(role), bool(initial))


def _details(state: ChatState) -> Mapping[str, Registered]:
    details = {"title": state.title, "description": state.description, "avatar_media_id": state.avatar_media_id}
    return {name: value for name, value in details.items() if value is not None}


def _people(state: ChatState) -> frozenset[UserId]:
    two = direct_members(state.chat_id) if is_direct(state.chat_id) else ()
    return frozenset((*two, *state.memberships, *state.read_marks))


def _place(state: ChatState, user_id: UserId) -> tuple[Membership | None, UUID | None]:
    return state.memberships.get(user_id), state.read_marks.get(user_id)

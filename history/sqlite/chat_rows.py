"""Chats, their details and their members as rows of history.db."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple
from uuid import UUID

from history.chat_id import ChatId
from history.model import ChatState, LwwRegister, Membership, Role
from history.sqlite.access import Key, id_or_none, key_or_null, rows_of, write_rows
from history.visibility import ranges_from_bytes, ranges_to_bytes
from kernel.ids import UserId, from_time_key, time_key
from kernel.log.ports import LogPosition
from kernel.time import maybe_from_micros, to_micros

_DETAILS = ("title", "description", "avatar_media_id", "history_visibility")
_WRITE = "REPLACE INTO chats (chat_id, created_at, last_message_id, last_seq, head_partition, head_offset) VALUES rows"
_WRITE_DETAIL = "REPLACE INTO chat_details (chat_id, name, value, event_id, initial) VALUES rows"
# An upsert, because REPLACE would write the entry of the index a second time.
_WRITE_MEMBER = (
    "INSERT INTO members (chat_id, user_id, role, event_id, initial, read_message_id, joined_event_id, hidden, wrote)"
    " VALUES rows"
    " ON CONFLICT (chat_id, user_id) DO UPDATE SET role = excluded.role, event_id = excluded.event_id,"
    " initial = excluded.initial, read_message_id = excluded.read_message_id,"
    " joined_event_id = excluded.joined_event_id, hidden = excluded.hidden, wrote = excluded.wrote"
)
_READ = "SELECT chats.* FROM wanted CROSS JOIN chats ON chat_id = a"
_READ_DETAILS = "SELECT chat_details.* FROM wanted CROSS JOIN chat_details ON chat_id = a"
_READ_MEMBERS = (
    "SELECT chat_id, user_id, role, event_id, initial, read_message_id, joined_event_id, hidden, wrote"
    " FROM wanted CROSS JOIN members ON chat_id = a"
)
_READ_MEMBER = f"{_READ_MEMBERS} AND user_id = b"


@dataclass(frozen=True, slots=True)
class ChatRow:
    """A stored chat: its state, its newest `seq`, and the position of its newest event."""

    state: ChatState
    last_seq: int
    position: LogPosition


class _Members(NamedTuple):
    registers: dict[UserId, Membership]
    marks: dict[UserId, UUID]
    writers: set[UserId]


def load_chats(
    connection: sqlite3.Connection, chat_ids: Collection[ChatId], *, only: UserId | None = None
) -> dict[ChatId, ChatRow]:
    """Return the stored chats among `chat_ids`. With `only`, load the members of groups without all other users."""
    rows = rows_of(connection, _READ, _keys(chat_ids))
    found = [ChatId(row["chat_id"]) for row in rows]
    details = _load_details(connection, [chat_id for chat_id in found if not chat_id.is_direct])
    members = _load_members(connection, found, only)
    return {
        chat_id: ChatRow(
            _state(row, details.get(chat_id, {}), members[chat_id]),
            row["last_seq"],
            LogPosition(row["head_partition"], row["head_offset"]),
        )
        for chat_id, row in zip(found, rows, strict=True)
    }


def save_chats(connection: sqlite3.Connection, chats: Collection[ChatRow], before: Mapping[ChatId, ChatRow]) -> None:
    """Write chats, and the details and members that differ from `before`."""
    write_rows(connection, _WRITE, [_values(chat) for chat in chats])
    details: list[tuple[object, ...]] = []
    members: list[tuple[object, ...]] = []
    for chat in chats:
        known = before.get(chat.state.chat_id)
        old = known.state if known else None
        details += _new_details(chat.state, old)
        members += _new_members(chat.state, old)
    write_rows(connection, _WRITE_DETAIL, details)
    write_rows(connection, _WRITE_MEMBER, members)


def _keys(chat_ids: Iterable[ChatId]) -> list[Key]:
    return [(chat_id,) for chat_id in chat_ids]


def _state(row: sqlite3.Row, details: Mapping[str, LwwRegister], members: _Members) -> ChatState:
    return ChatState(
        chat_id=ChatId(row["chat_id"]),
        created_at=maybe_from_micros(row["created_at"]),
        memberships=members.registers,
        read_marks=members.marks,
        writers=frozenset(members.writers),
        last_message_id=id_or_none(row["last_message_id"]),
        **details,
    )


def _values(chat: ChatRow) -> tuple[object, ...]:
    state = chat.state
    return (
        state.chat_id,
        to_micros(state.created_at) if state.created_at else None,
        key_or_null(state.last_message_id),
        chat.last_seq,
        chat.position.partition,
        chat.position.offset,
    )


def _load_details(connection: sqlite3.Connection, groups: Sequence[ChatId]) -> Mapping[ChatId, dict[str, LwwRegister]]:
    details: dict[ChatId, dict[str, LwwRegister]] = {}
    for row in rows_of(connection, _READ_DETAILS, _keys(groups)):
        value = LwwRegister(from_time_key(row["event_id"]), row["value"], bool(row["initial"]))
        details.setdefault(ChatId(row["chat_id"]), {})[row["name"]] = value
    return details


def _new_details(state: ChatState, old: ChatState | None) -> Iterator[tuple[object, ...]]:
    for name in _DETAILS:
        value: LwwRegister | None = getattr(state, name)
        if value is not None and (old is None or value != getattr(old, name)):
            yield state.chat_id, name, value.value, time_key(value.event_id), value.initial


def _load_members(
    connection: sqlite3.Connection, chat_ids: Collection[ChatId], only: UserId | None
) -> Mapping[ChatId, _Members]:
    """Load memberships, read marks and writers. Equal values share one object, because large groups repeat them."""
    members = {chat_id: _Members({}, {}, set()) for chat_id in chat_ids}
    word_of, id_of = cache(_membership), cache(from_time_key)
    whole = [chat_id for chat_id in chat_ids if only is None or chat_id.is_direct]
    parts = [(chat_id, only) for chat_id in chat_ids if only is not None and not chat_id.is_direct]
    rows = [*rows_of(connection, _READ_MEMBERS, _keys(whole)), *rows_of(connection, _READ_MEMBER, parts)]
    for chat_id, user_id, role, event_id, initial, read_message_id, joined, hidden, wrote in rows:
        of_chat = members[chat_id]
        if event_id:
            of_chat.registers[user_id] = word_of(role, event_id, initial, joined, hidden)
        if read_message_id:
            of_chat.marks[user_id] = id_of(read_message_id)
        if wrote:
            of_chat.writers.add(user_id)
    return members


def _new_members(state: ChatState, old: ChatState | None) -> Iterator[tuple[object, ...]]:
    for user_id in _people(state) if old is None else _changed(state, old):
        membership, mark = state.memberships.get(user_id), state.read_marks.get(user_id)
        columns = (
            (membership.role, time_key(membership.event_id), membership.initial) if membership else (None, None, False)
        )
        yield (
            state.chat_id,
            user_id,
            *columns,
            key_or_null(mark),
            key_or_null(membership.joined if membership else None),
            ranges_to_bytes(membership.hidden) or None if membership else None,
            user_id in state.writers,
        )


def _people(state: ChatState) -> Collection[UserId]:
    two = state.chat_id.members if state.chat_id.is_direct else ()
    return {*two, *state.memberships, *state.read_marks, *state.writers}


def _changed(state: ChatState, old: ChatState) -> Collection[UserId]:
    marked = _differing(state.read_marks, old.read_marks)
    return _differing(state.memberships, old.memberships) | marked | (state.writers - old.writers)


def _differing(new: Mapping[UserId, object], old: Mapping[UserId, object]) -> set[UserId]:
    if new is old:
        return set()
    return {key for key, value in new.items() if value is not (known := old.get(key)) and value != known}


def _membership(
    role: int | None, event_id: bytes, initial: int, joined: bytes | None, hidden: bytes | None
) -> Membership:
    return Membership(
        from_time_key(event_id),
        None if role is None else Role(role),
        bool(initial),
        id_or_none(joined),
        ranges_from_bytes(hidden),
    )

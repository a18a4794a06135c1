"""Chats and their members as rows of Cassandra. The timestamps of `write_times` make the order of writes irrelevant."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from uuid import UUID

from history.cassandra.access import by_replica, gather_all
from history.cassandra.write_times import SINGLE_VALUE, earlier_wins, earliest_wins, larger_offset_wins, later_wins
from history.chat_id import ChatId
from history.model import ChatState, LwwRegister, Membership, Role
from history.ports import ChatHead
from history.visibility import ranges_from_bytes, ranges_to_bytes
from kernel.cassandra.callbacks import Row
from kernel.cassandra.session import CassandraSession, Statement
from kernel.ids import UserId
from kernel.log.ports import LogPosition
from kernel.time import from_micros, to_micros

_HEADS = "SELECT DISTINCT chat_id, last_seq, head_partition, head_offset, created_at FROM chats WHERE chat_id IN ?"
_BUCKETS = "SELECT DISTINCT chat_id, message_buckets, event_buckets FROM chats WHERE chat_id = ?"
_CHAT = "SELECT * FROM chats WHERE chat_id = ?"
_OUTLINES = (
    "SELECT DISTINCT chat_id, created_at, title, description, avatar_media_id, history_visibility, last_message_id, "
    "last_seq, head_partition, head_offset FROM chats WHERE chat_id IN ?"
)
_MEMBERSHIPS = (
    "SELECT chat_id, user_id, membership, joined, hidden, read_message_id, wrote FROM chats "
    "WHERE chat_id IN ? AND user_id = ?"
)
_DIRECT_MEMBERS = (
    "SELECT chat_id, user_id, membership, joined, hidden, read_message_id, wrote FROM chats WHERE chat_id IN ?"
)
_SET_HEAD = (
    "UPDATE chats USING TIMESTAMP ? SET last_seq = ?, head_partition = ?, head_offset = ?, "
    "message_buckets = message_buckets + ? WHERE chat_id = ?"
)
_SET_HEAD_AND_BUCKET = (
    "UPDATE chats USING TIMESTAMP ? SET last_seq = ?, head_partition = ?, head_offset = ?, "
    "message_buckets = message_buckets + ?, event_buckets[?] = ? WHERE chat_id = ?"
)
_SET_BUCKET = "UPDATE chats USING TIMESTAMP ? SET event_buckets[?] = ? WHERE chat_id = ?"
_SET_CREATED = "UPDATE chats USING TIMESTAMP ? SET created_at = ? WHERE chat_id = ?"
_SET_NEWEST = "UPDATE chats USING TIMESTAMP ? SET last_message_id = ? WHERE chat_id = ?"
_SET_DETAIL = {
    name: f"UPDATE chats USING TIMESTAMP ? SET {name} = ? WHERE chat_id = ?"
    for name in ("title", "description", "avatar_media_id", "history_visibility")
}
_SET_MEMBER = (
    "UPDATE chats USING TIMESTAMP ? SET membership = ?, joined = ?, hidden = ? WHERE chat_id = ? AND user_id = ?"
)
_SET_MARK = "UPDATE chats USING TIMESTAMP ? SET read_message_id = ? WHERE chat_id = ? AND user_id = ?"
_SET_MARK_OF_WRITER = (
    "UPDATE chats USING TIMESTAMP ? SET read_message_id = ?, wrote = true WHERE chat_id = ? AND user_id = ?"
)
_SET_NEWEST_AND_MARK_OF_WRITER = (
    "UPDATE chats USING TIMESTAMP ? SET last_message_id = ?, read_message_id = ?, wrote = true "
    "WHERE chat_id = ? AND user_id = ?"
)
_CHATS_OF = "SELECT chat_id FROM chats_by_user WHERE user_id = ?"
_LIST = f"INSERT INTO chats_by_user (user_id, chat_id) VALUES (?, ?) USING TIMESTAMP {SINGLE_VALUE}"
_HEADS_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Head:
    """The progress of a chat in the store: its newest `seq` and the position of its newest record."""

    last_seq: int
    position: LogPosition
    created_at: datetime | None = None
    """The stored time of the chat's creation, which only an earlier time replaces."""
    buckets: frozenset[int] = frozenset()
    """Buckets that are certainly in the stored list of the chat's message buckets. The list may have more."""


@dataclass(frozen=True, slots=True)
class Buckets:
    """The buckets of a chat that contain messages, and the buckets that contain events."""

    messages: frozenset[int]
    events: Mapping[int, int]
    """The largest log offset in each bucket."""


async def load_heads(session: CassandraSession, chat_ids: Collection[ChatId]) -> Mapping[ChatId, Head]:
    """Return the head of each chat. A chat has no head, and is left out, until its first batch is complete."""
    keys = {chat_id: (chat_id,) for chat_id in chat_ids}
    found = await gather_all(session.execute(_HEADS, (some,)) for some in by_replica(session, keys, _HEADS_AT_ONCE))
    return {ChatId(row["chat_id"]): _head(row) for rows in found for row in rows if row["head_offset"] is not None}


async def load_buckets(session: CassandraSession, chat_id: ChatId) -> Buckets:
    """Return the chat's buckets. An unknown chat has no buckets."""
    rows = await session.execute(_BUCKETS, (chat_id,))
    row = rows[0] if rows else {"message_buckets": None, "event_buckets": None}
    return Buckets(frozenset(row["message_buckets"] or ()), dict(row["event_buckets"] or {}))


async def load_chat(session: CassandraSession, chat_id: ChatId) -> ChatHead | None:
    """Return a chat with all its members, or None if the chat has no head."""
    rows = await session.execute(_CHAT, (chat_id,))
    if not rows or rows[0]["head_offset"] is None:
        return None
    return ChatHead(_state(rows[0], rows), _head(rows[0]).position)


async def load_outlines(
    session: CassandraSession, chat_ids: Collection[ChatId], user_id: UserId
) -> Mapping[ChatId, ChatHead]:
    """Return the chats that have a head: groups with the membership of this user alone, direct chats as a whole."""
    parts = list(by_replica(session, {chat_id: (chat_id,) for chat_id in chat_ids}, _HEADS_AT_ONCE))
    chats = (session.execute(_OUTLINES, (some,)) for some in parts)
    direct = [[chat_id for chat_id in some if chat_id.is_direct] for some in parts]
    groups = [[chat_id for chat_id in some if not chat_id.is_direct] for some in parts]
    members = (
        *(session.execute(_DIRECT_MEMBERS, (some,)) for some in direct if some),
        *(session.execute(_MEMBERSHIPS, (some, user_id)) for some in groups if some),
    )
    found = await gather_all((*chats, *members))
    people: dict[str, list[Row]] = {}
    for row in chain.from_iterable(found[len(parts) :]):
        people.setdefault(row["chat_id"], []).append(row)
    return {
        ChatId(row["chat_id"]): ChatHead(_state(row, people.get(row["chat_id"], ())), _head(row).position)
        for row in chain.from_iterable(found[: len(parts)])
        if row["head_offset"] is not None
    }


async def load_chats_of(session: CassandraSession, user_id: UserId) -> list[ChatId]:
    """Return every chat that a user is or was in."""
    return [ChatId(row["chat_id"]) for row in await session.execute(_CHATS_OF, (user_id,))]


def head_statements(chat_id: ChatId, head: Head, buckets: Buckets) -> Iterable[Statement]:
    """Return the statements that set the head of a chat.

    Write them last: the head asserts that all rows up to it are stored.
    """
    written_at = larger_offset_wins(head.position.offset)
    values = (written_at, head.last_seq, head.position.partition, head.position.offset, set(buckets.messages))
    last = None
    for bucket, offset in buckets.events.items():
        if offset == head.position.offset:
            last = (bucket, offset)
        else:
            yield _SET_BUCKET, (larger_offset_wins(offset), bucket, offset, chat_id)
    # Usually all events of a batch are in one bucket, and the last one is the head. One statement then sets both.
    yield (_SET_HEAD_AND_BUCKET, (*values, *last, chat_id)) if last else (_SET_HEAD, (*values, chat_id))


def chat_statements(state: ChatState, *, created_at: datetime | None) -> Iterable[Statement]:
    """Return the statements for the fields that the state has. The statements leave other columns unchanged.

    `created_at` is the stored time of creation, which need not be written again.
    """
    for user_id, membership in state.memberships.items():
        value = (membership.role or 0, membership.event_id, membership.initial)
        # No value is null: each null is a tombstone, and a group has up to 5,000 members.
        seen = (membership.joined_id, ranges_to_bytes(membership.hidden))
        yield _SET_MEMBER, (_written_at(membership), value, *seen, state.chat_id, user_id)
    newest = state.last_message_id
    # Every writer has a read mark, because senders count as having read what they sent.
    for user_id, message_id in state.read_marks.items():
        written_at = later_wins(message_id)
        if user_id not in state.writers:
            yield _SET_MARK, (written_at, message_id, state.chat_id, user_id)
        elif message_id == newest:
            # The mark of the newest message's sender has the same write timestamp, so one statement sets both.
            yield _SET_NEWEST_AND_MARK_OF_WRITER, (written_at, newest, message_id, state.chat_id, user_id)
            newest = None
        else:
            yield _SET_MARK_OF_WRITER, (written_at, message_id, state.chat_id, user_id)
    if newest:
        yield _SET_NEWEST, (later_wins(newest), newest, state.chat_id)
    if state.created_at and state.created_at != created_at:
        yield _SET_CREATED, (earliest_wins(state.created_at), to_micros(state.created_at), state.chat_id)
    for name, statement in _SET_DETAIL.items():
        word: LwwRegister | None = getattr(state, name)
        if word is not None:
            yield statement, (_written_at(word), (word.value, word.event_id, word.initial), state.chat_id)


def listing_statements(state: ChatState, *, is_new: bool) -> Iterable[tuple[UserId, Statement]]:
    """Yield each user with the statement that adds the chat to the user's list.

    `is_new` says that the chat has no head yet.
    """
    people = set(state.memberships)
    if is_new:
        people.update(state.read_marks, state.chat_id.members if state.chat_id.is_direct else ())
    for user_id in people:
        yield user_id, (_LIST, (user_id, state.chat_id))


def _written_at(word: LwwRegister | Membership) -> int:
    """Return a write timestamp with which a change beats a creation, and the first creation beats its retries."""
    return earlier_wins(word.event_id) if word.initial else later_wins(word.event_id)


def _head(row: Row) -> Head:
    return Head(row["last_seq"], LogPosition(row["head_partition"], row["head_offset"]), _created_at(row))


def _created_at(row: Row) -> datetime | None:
    created: int | None = row["created_at"]
    return None if created is None else from_micros(created)


def _state(chat: Row, people: Sequence[Row]) -> ChatState:
    details = {name: LwwRegister(*_word(chat[name])) for name in _SET_DETAIL if chat[name]}
    return ChatState(
        chat_id=ChatId(chat["chat_id"]),
        created_at=_created_at(chat),
        memberships={UserId(row["user_id"]): _membership(row) for row in people if row["membership"]},
        read_marks={UserId(row["user_id"]): row["read_message_id"] for row in people if row["read_message_id"]},
        writers=frozenset(UserId(row["user_id"]) for row in people if row["wrote"]),
        last_message_id=chat["last_message_id"],
        **details,
    )


def _word(value: tuple[str, UUID, bool]) -> tuple[UUID, str, bool]:
    text, event_id, initial = value
    return event_id, text, initial


def _membership(row: Row) -> Membership:
    role, event_id, initial = row["membership"]
    joined = None if row["joined"] == event_id else row["joined"]
    return Membership(event_id, Role(role) if role else None, initial, joined, ranges_from_bytes(row["hidden"]))

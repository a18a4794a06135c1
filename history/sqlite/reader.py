"""MessageReader, ChatReader and EventReader over history.db. Every query is by key."""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from uuid import UUID

from history.chat_id import ChatId
from history.codec import decode
from history.model import LogEvent, MessageState
from history.ports import ChatHead, SentPage, Window
from history.sqlite.chat_rows import load_chats
from history.sqlite.log_rows import stored_offsets
from history.sqlite.message_rows import load_messages, states_of
from kernel.ids import UserId, from_time_key, time_key
from kernel.log.ports import LogPosition
from kernel.sqlite.database import SqliteDatabase

_FIRST = b""
_LAST = b"\xff" * 17
_BETWEEN = "SELECT * FROM messages WHERE chat_id = ? AND message_id > ? AND message_id < ? AND sender_id IS NOT NULL"
_NEWEST = f"{_BETWEEN} ORDER BY message_id DESC LIMIT ?"
_OLDEST = f"{_BETWEEN} ORDER BY message_id LIMIT ?"


class SqliteMessageReader:
    """MessageReader over the tables of messages and sends."""

    def __init__(self, *, database: SqliteDatabase) -> None:
        self._database = database

    async def window(self, chat_id: ChatId, window: Window) -> Sequence[MessageState]:
        return await self._database.read(partial(_window, chat_id=chat_id, window=window))

    async def messages(self, chat_id: ChatId, ids: Collection[UUID]) -> Mapping[UUID, MessageState]:
        query = self._database.read_inline if len(ids) == 1 else self._database.read
        return await query(partial(_messages, chat_id=chat_id, ids=ids))

    async def sent(self, sender_id: UserId, client_message_id: UUID) -> tuple[ChatId, UUID] | None:
        return await self._database.read_inline(partial(_sent, send=(sender_id, client_message_id.bytes)))

    async def sent_by(self, sender_id: UserId, *, after: bytes, limit: int) -> SentPage:
        rows = await self._database.read(partial(_sent_by, where=(sender_id, after, limit)))
        messages = [(ChatId(row["chat_id"]), from_time_key(row["message_id"])) for row in rows]
        return SentPage(messages, rows[-1]["client_message_id"] if len(rows) == limit else b"")

    async def count_after(
        self, chat_id: ChatId, after: UUID | None, *, not_by: UserId, excluding: Collection[UUID], limit: int
    ) -> int:
        start = time_key(after) if after else _FIRST
        rows = limit + len(excluding)
        keys = await self._database.read(partial(_countable, where=(chat_id, start, not_by, not_by), limit=rows))
        return min(len(keys - {time_key(message_id) for message_id in excluding}), limit)


class SqliteChatReader:
    """ChatReader over the tables of chats, details and members."""

    def __init__(self, *, database: SqliteDatabase) -> None:
        self._database = database

    async def heads(self, ids: Collection[ChatId], *, only: UserId | None = None) -> Mapping[ChatId, ChatHead]:
        query = self._database.read_inline if len(ids) == 1 else self._database.read
        return await query(partial(_heads, ids=ids, only=only))

    async def chats_of(self, user_id: UserId) -> Collection[ChatId]:
        return await self._database.read(partial(_chats_of, user_id=user_id))


class SqliteEventReader:
    """EventReader over the table of events."""

    def __init__(self, *, database: SqliteDatabase) -> None:
        self._database = database

    async def events_after(self, chat_id: ChatId, offset: int, limit: int) -> Sequence[LogEvent]:
        return await self._database.read(partial(_events_after, where=(chat_id, offset, limit)))

    async def stored(self) -> Mapping[int, int]:
        return await self._database.read(stored_offsets)


def _window(connection: sqlite3.Connection, *, chat_id: ChatId, window: Window) -> list[MessageState]:
    query = _NEWEST if window.newest_first else _OLDEST
    start = time_key(window.after) if window.after else _FIRST
    end = time_key(window.before) if window.before else _LAST
    rows = connection.execute(query, (chat_id, start, end, window.limit)).fetchall()
    states = states_of(connection, chat_id, rows)
    return states[::-1] if window.newest_first else states


def _messages(connection: sqlite3.Connection, *, chat_id: ChatId, ids: Collection[UUID]) -> dict[UUID, MessageState]:
    found = load_messages(connection, [(chat_id, message_id) for message_id in ids])
    return {message_id: state for (_, message_id), state in found.items()}


def _sent(connection: sqlite3.Connection, *, send: tuple[UserId, bytes]) -> tuple[ChatId, UUID] | None:
    row = connection.execute(
        "SELECT chat_id, message_id FROM sends WHERE sender_id = ? AND client_message_id = ?", send
    ).fetchone()
    return (ChatId(row["chat_id"]), from_time_key(row["message_id"])) if row else None


def _sent_by(connection: sqlite3.Connection, *, where: tuple[UserId, bytes, int]) -> list[sqlite3.Row]:
    return connection.execute(
        "SELECT client_message_id, chat_id, message_id FROM sends WHERE sender_id = ? AND client_message_id > ?"
        " ORDER BY client_message_id LIMIT ?",
        where,
    ).fetchall()


def _countable(connection: sqlite3.Connection, *, where: tuple[str, bytes, str, str], limit: int) -> set[bytes]:
    rows = connection.execute(
        "SELECT message_id FROM messages WHERE chat_id = ? AND message_id > ? AND sender_id <> ?"
        " AND NOT deleted_for_everyone"
        " AND NOT EXISTS (SELECT 1 FROM json_each(deleted_for) WHERE value = ?) LIMIT ?",
        (*where, limit),
    )
    return {row["message_id"] for row in rows}


def _heads(connection: sqlite3.Connection, *, ids: Collection[ChatId], only: UserId | None) -> dict[ChatId, ChatHead]:
    chats = load_chats(connection, ids, only=only)
    return {chat_id: ChatHead(chat.state, chat.position) for chat_id, chat in chats.items()}


def _chats_of(connection: sqlite3.Connection, *, user_id: UserId) -> set[ChatId]:
    rows = connection.execute("SELECT chat_id FROM members WHERE user_id = ?", (user_id,))
    return {ChatId(row["chat_id"]) for row in rows}


def _events_after(connection: sqlite3.Connection, *, where: tuple[str, int, int]) -> list[LogEvent]:
    rows = connection.execute(
        "SELECT log_partition, log_offset, value FROM events WHERE chat_id = ? AND log_offset > ?"
        " ORDER BY log_partition, log_offset LIMIT ?",
        where,
    )
    return [
        LogEvent(LogPosition(row["log_partition"], row["log_offset"]), decode(row["value"]), row["value"])
        for row in rows
    ]

"""StoreScan over history.db."""

import sqlite3
from collections.abc import AsyncIterator, Collection, Sequence
from functools import partial
from uuid import UUID

from history.chat_id import ChatId
from history.files_page import MessageRow, decode_after, files_page
from history.ports import FilesPage, StoredSend
from history.sqlite.access import rows_of
from kernel.ids import UserId, from_time_key, time_key
from kernel.sqlite.database import SqliteDatabase

_PAGE = 1_000
_TABLES = ("chats", "chat_details", "members", "messages", "reactions", "events")
_SENDS = (
    "SELECT * FROM sends WHERE (sender_id, client_message_id) > (?, ?) ORDER BY sender_id, client_message_id LIMIT ?"
)

_MESSAGES = """
    SELECT chat_id, message_id, sender_id, attachments, deleted_for_everyone OR withdrawn AS removed FROM messages
    WHERE (chat_id, message_id) > (?, ?) ORDER BY chat_id, message_id LIMIT ?
"""


class SqliteStoreScan:
    """StoreScan by ranges of the primary keys. Each page is a query of its own, so writers never wait."""

    def __init__(self, *, database: SqliteDatabase) -> None:
        self._database = database

    async def chat_ids(self) -> AsyncIterator[Sequence[ChatId]]:
        for table in _TABLES:
            last = ""
            while page := await self._database.read(partial(_chat_ids, table=table, after=last)):
                yield page
                last = page[-1]

    async def sends(self) -> AsyncIterator[Sequence[StoredSend]]:
        last: tuple[str, bytes] = ("", b"")
        while page := await self._database.read(partial(_sends, after=last)):
            yield page
            sender_id, client_message_id = page[-1].send
            last = (sender_id, client_message_id.bytes)

    async def listed(self, chat_id: ChatId, users: Collection[UserId]) -> Collection[UserId]:
        return await self._database.read(partial(_listed, chat_id=chat_id, users=users))

    async def files(self, *, after: bytes, limit: int) -> FilesPage:
        return await self._database.read(partial(_files, after=after, limit=limit))


def _chat_ids(connection: sqlite3.Connection, *, table: str, after: str) -> list[ChatId]:
    query = f"SELECT DISTINCT chat_id FROM {table} WHERE chat_id > ? ORDER BY chat_id LIMIT ?"  # noqa: S608 - our own names
    return [ChatId(row["chat_id"]) for row in connection.execute(query, (after, _PAGE))]


def _sends(connection: sqlite3.Connection, *, after: tuple[str, bytes]) -> list[StoredSend]:
    return [
        StoredSend(
            (UserId(row["sender_id"]), UUID(bytes=row["client_message_id"])),
            ChatId(row["chat_id"]),
            from_time_key(row["message_id"]),
        )
        for row in connection.execute(_SENDS, (*after, _PAGE))
    ]


def _listed(connection: sqlite3.Connection, *, chat_id: ChatId, users: Collection[UserId]) -> list[UserId]:
    query = "SELECT user_id FROM wanted CROSS JOIN members ON user_id = a AND chat_id = b"
    return [UserId(row["user_id"]) for row in rows_of(connection, query, [(user_id, chat_id) for user_id in users])]


def _files(connection: sqlite3.Connection, *, after: bytes, limit: int) -> FilesPage:
    last = decode_after(after)
    key = (last[0], time_key(last[1])) if last else ("", b"")
    rows = [
        MessageRow(chat_id, from_time_key(message_id), sender_id, attachments, bool(removed))
        for chat_id, message_id, sender_id, attachments, removed in connection.execute(_MESSAGES, (*key, limit))
    ]
    return files_page(rows, limit=limit)

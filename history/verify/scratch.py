"""Temporary files of a check, so that its memory does not grow with the data. SQLite writes them beyond a few MiB."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

from history.chat_id import ChatId
from history.codec import decode, value_of
from history.fold import apply_to_message, message_of
from history.model import ChatEvent, LogEvent, MessageState, Send
from kernel.ids import from_time_key, time_key

_FIRST = b""
_LAST = b"\xff" * 17


class EventSorter:
    """Events of one chat, sorted by the message that they change."""

    def __init__(self) -> None:
        self._file = _temporary_file(
            "CREATE TABLE events (message_id BLOB, ordinal INTEGER, seq INTEGER, value BLOB,"
            " PRIMARY KEY (message_id, ordinal)) WITHOUT ROWID"
        )

    def add(self, message_id: UUID, stored: LogEvent, *, seq: int) -> None:
        """Add an event that changes a message. `seq`: the number of the message if this is its send, else 0."""
        row = (time_key(message_id), stored.position.offset, seq, value_of(stored))
        self._file.execute("INSERT OR REPLACE INTO events VALUES (?, ?, ?, ?)", row)

    def between(self, after: UUID | None, last: UUID | None) -> Iterator[MessageState]:
        """Yield the fold of the events of each message after `after`, up to and including `last`, in order."""
        rows = self._file.execute(
            "SELECT seq, value FROM events WHERE message_id > ? AND message_id <= ? ORDER BY message_id, ordinal",
            (time_key(after) if after else _FIRST, time_key(last) if last else _LAST),
        )
        state: MessageState | None = None
        for seq, value in rows:
            event = decode(value)
            if state and state.message_id != message_of(event):
                yield state
                state = None
            state = apply_to_message(state, event)
            state = replace(state, seq=state.seq or seq)
        if state:
            yield state

    def close(self) -> None:
        """Delete the file."""
        self._file.close()


class SeenEvents:
    """The ids of all events and sends that a check has read, to find repeats and missing ones."""

    def __init__(self) -> None:
        self._file = _temporary_file(
            "CREATE TABLE chats (chat_id TEXT PRIMARY KEY) WITHOUT ROWID",
            "CREATE TABLE events (event_id BLOB, chat_id TEXT, ordinal INTEGER, PRIMARY KEY (event_id, chat_id))"
            " WITHOUT ROWID",
            "CREATE TABLE sends (sender_id TEXT, client_message_id BLOB, message_id BLOB,"
            " PRIMARY KEY (sender_id, client_message_id)) WITHOUT ROWID",
        )

    def add_chat(self, chat_id: ChatId) -> None:
        """Add a chat. Repeats have no effect."""
        self._file.execute("INSERT OR IGNORE INTO chats VALUES (?)", (chat_id,))

    def chat_count(self) -> int:
        """Return the number of chats."""
        count: int = self._file.execute("SELECT count(*) FROM chats").fetchone()[0]
        return count

    def chats(self) -> Iterator[ChatId]:
        """Yield every chat, in the order of the ids."""
        last = ""
        while rows := self._file.execute(
            "SELECT chat_id FROM chats WHERE chat_id > ? ORDER BY chat_id LIMIT 1000", (last,)
        ).fetchall():
            yield from (ChatId(row[0]) for row in rows)
            last = rows[-1][0]

    def add_event(self, stored: LogEvent) -> int | None:
        """Add an event. If it was added with another ordinal, return that ordinal, else None."""
        key, ordinal = (time_key(stored.event.event_id), stored.event.chat_id), stored.position.offset
        if self._file.execute("INSERT OR IGNORE INTO events VALUES (?, ?, ?)", (*key, ordinal)).rowcount:
            return None
        known: int = self._file.execute(
            "SELECT ordinal FROM events WHERE event_id = ? AND chat_id = ?", key
        ).fetchone()[0]
        return None if known == ordinal else known

    def has_event(self, event: ChatEvent) -> bool:
        """Return whether the event was added."""
        key = (time_key(event.event_id), event.chat_id)
        found = self._file.execute("SELECT 1 FROM events WHERE event_id = ? AND chat_id = ?", key)
        return found.fetchone() is not None

    def add_send(self, send: Send, message_id: UUID) -> UUID | None:
        """Add a send. If it was added with another message, return the id of that message, else None."""
        self._file.execute("INSERT OR IGNORE INTO sends VALUES (?, ?, ?)", (*_key(send), time_key(message_id)))
        known = self.message_of(send)
        return None if known == message_id else known

    def message_of(self, send: Send) -> UUID | None:
        """Return the message of a send, or None if the send was not added."""
        found = self._file.execute(
            "SELECT message_id FROM sends WHERE sender_id = ? AND client_message_id = ?", _key(send)
        ).fetchone()
        return from_time_key(found[0]) if found else None

    def close(self) -> None:
        """Delete the file."""
        self._file.close()


def _key(send: Send) -> tuple[str, bytes]:
    sender_id, client_message_id = send
    return sender_id, client_message_id.bytes


def _temporary_file(*statements: str) -> sqlite3.Connection:
    """Open a database that only this connection sees. SQLite deletes its file when the connection is closed."""
    connection = sqlite3.connect("", isolation_level=None)
    connection.execute("PRAGMA journal_mode=OFF")
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA temp_store=FILE")
    for statement in statements:
        connection.execute(statement)
    connection.execute("BEGIN")
    return connection

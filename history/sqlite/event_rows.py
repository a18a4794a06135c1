"""Events, sends and pending withdrawals as rows of history.db."""

import sqlite3
from collections.abc import Collection, Mapping
from uuid import UUID

from history.chat_id import ChatId
from history.codec import decode, encode, value_of
from history.fold import redacted, text_of
from history.model import ChatEvent, LogEvent, Send
from history.sqlite.access import Key, key_or_null, rows_of, write_rows
from history.sqlite.message_rows import MessageKey
from kernel.ids import UserId, from_time_key, time_key

EventKey = tuple[ChatId, UUID]

_READ_EVENT = "SELECT chat_id, event_id FROM wanted CROSS JOIN events ON chat_id = a AND event_id = b"
_WRITE_EVENT = "INSERT INTO events (chat_id, log_partition, log_offset, event_id, text_of, value) VALUES rows"
_READ_SEND = "SELECT sends.* FROM wanted CROSS JOIN sends ON sender_id = a AND client_message_id = b"
_WRITE_SEND = "INSERT INTO sends (sender_id, client_message_id, chat_id, message_id) VALUES rows"


def stored_of(connection: sqlite3.Connection, events: Collection[ChatEvent]) -> set[EventKey]:
    """Return the keys of the stored events among `events`."""
    wanted: list[Key] = [(event.chat_id, time_key(event.event_id)) for event in events]
    rows = rows_of(connection, _READ_EVENT, wanted)
    return {(ChatId(row["chat_id"]), from_time_key(row["event_id"])) for row in rows}


def save_events(connection: sqlite3.Connection, events: Collection[LogEvent]) -> None:
    """Write new events."""
    write_rows(connection, _WRITE_EVENT, [_event_row(stored) for stored in events])


def redact_events(connection: sqlite3.Connection, chat_id: ChatId, message_id: UUID) -> None:
    """Overwrite the stored events that contain a message's text with redacted ones."""
    rows = connection.execute(
        "SELECT event_id, value FROM events WHERE chat_id = ? AND text_of = ?", (chat_id, time_key(message_id))
    ).fetchall()
    for row in rows:
        connection.execute(
            "UPDATE events SET value = ? WHERE chat_id = ? AND event_id = ?",
            (encode(redacted(decode(row["value"]))), chat_id, row["event_id"]),
        )


def load_sends(connection: sqlite3.Connection, sends: Collection[Send]) -> dict[Send, UUID]:
    """Return the message ids of the stored sends among `sends`."""
    rows = rows_of(connection, _READ_SEND, [(sender_id, name.bytes) for sender_id, name in sends])
    return {
        (UserId(row["sender_id"]), UUID(bytes=row["client_message_id"])): from_time_key(row["message_id"])
        for row in rows
    }


def save_sends(connection: sqlite3.Connection, sends: Mapping[Send, EventKey]) -> None:
    """Write the message ids of new sends."""
    rows = [
        (sender_id, name.bytes, chat_id, time_key(message_id))
        for (sender_id, name), (chat_id, message_id) in sends.items()
    ]
    write_rows(connection, _WRITE_SEND, rows)


def save_withdrawals(connection: sqlite3.Connection, pending: Mapping[MessageKey, ChatEvent | None]) -> None:
    """Save the pending withdrawal of each message, or delete it if the value is None.

    None means that the withdrawal was read back from the log.
    """
    for (chat_id, message_id), withdrawal in pending.items():
        where = (chat_id, time_key(message_id))
        if withdrawal is None:
            connection.execute("DELETE FROM pending_withdrawals WHERE chat_id = ? AND message_id = ?", where)
        else:
            row = (*where, encode(withdrawal))
            connection.execute("REPLACE INTO pending_withdrawals (chat_id, message_id, value) VALUES (?, ?, ?)", row)


def _event_row(stored: LogEvent) -> tuple[object, ...]:
    event, position = stored.event, stored.position
    return (
        event.chat_id,
        position.partition,
        position.offset,
        time_key(event.event_id),
        key_or_null(text_of(event)),
        value_of(stored),
    )

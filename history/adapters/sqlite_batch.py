"""One transaction of the persister: log records become rows of history.db."""

import sqlite3
from uuid import UUID

from history.adapters.sqlite_chat_rows import ChatRow, load_chat, save_chat
from history.adapters.sqlite_message_rows import load_message, save_message
from history.codec import decode, decode_record, encode, value_of
from history.fold import actor_of, emptied, message_of, scrubbed
from history.judge import Verdict, judge
from history.model import (
    ChatEvent,
    ChatId,
    MessageDeleted,
    MessageEdited,
    MessageSent,
    MessageWithdrawn,
    StoredEvent,
)
from kernel.ids import from_time_key, time_key
from kernel.log.ports import LogRecord


class SqliteBatch:
    """Applies records one by one, then writes the chats that they changed. Lasts if the transaction around it does."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._found: dict[ChatId, ChatRow | None] = {}
        self._changed: dict[ChatId, ChatRow] = {}
        # Rows that are overwritten or deleted leave nothing in the free space of the file.
        connection.execute("PRAGMA secure_delete = ON")

    def apply(self, record: LogRecord) -> StoredEvent | None:
        """Store one record; None: nothing came of it. Raise ValueError for one that can never be stored, undoing it."""
        stored = decode_record(record)
        if self._is_stored(stored.event):
            return None
        self._connection.execute("SAVEPOINT record")
        try:
            return self._store(stored)
        except (ValueError, LookupError, TypeError, ArithmeticError) as error:
            self._connection.execute("ROLLBACK TO record")
            raise ValueError(f"{type(error).__name__}: {error}") from error
        finally:
            self._connection.execute("RELEASE record")

    def finish(self) -> None:
        """Write each changed chat, once for all its records."""
        for chat_id, chat in self._changed.items():
            save_chat(self._connection, chat, self._found[chat_id])

    def _store(self, stored: StoredEvent) -> StoredEvent | None:
        verdict = self._judge(stored.event)
        if verdict.message:
            save_message(self._connection, verdict.message)
        if verdict.withdrawal:
            self._remember_withdrawal(verdict.withdrawal)
        kept = self._keep(stored, verdict) if verdict.accepted else None
        # Last, because a savepoint cannot undo it.
        self._changed[stored.event.chat_id] = _chat_after(stored, verdict, self._chat(stored.event.chat_id))
        return kept

    def _keep(self, stored: StoredEvent, verdict: Verdict) -> StoredEvent:
        event = stored.event
        if isinstance(event.change, MessageSent):
            self._remember_send(event, event.change)
        if isinstance(event.change, MessageWithdrawn):
            self._forget_withdrawal(event.chat_id, event.change.message_id)
        return self._save_event(stored, verdict)

    def _judge(self, event: ChatEvent) -> Verdict:
        chat = self._chat(event.chat_id)
        message_id = message_of(event)
        return judge(
            event,
            chat=chat.state if chat else None,
            message=load_message(self._connection, event.chat_id, message_id) if message_id else None,
            last_seq=chat.last_seq if chat else 0,
            kept_id=self._kept_id(event, event.change) if isinstance(event.change, MessageSent) else None,
        )

    def _chat(self, chat_id: ChatId) -> ChatRow | None:
        if chat_id in self._changed:
            return self._changed[chat_id]
        if chat_id not in self._found:
            self._found[chat_id] = load_chat(self._connection, chat_id)
        return self._found[chat_id]

    def _save_event(self, stored: StoredEvent, verdict: Verdict) -> StoredEvent:
        kept = stored
        if verdict.message and verdict.message.deleted_for_everyone:
            kept = emptied(stored)
        event = kept.event
        if isinstance(event.change, MessageDeleted) and event.change.for_everyone:
            self._scrub_events(event.chat_id, event.change.message_id)
        has_text = isinstance(event.change, MessageSent | MessageEdited)
        text_of = message_of(event) if has_text else None
        self._connection.execute(
            "INSERT INTO events (chat_id, log_partition, log_offset, event_id, text_of, value)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                event.chat_id,
                stored.position.partition,
                stored.position.offset,
                time_key(event.event_id),
                time_key(text_of) if text_of else None,
                value_of(kept),
            ),
        )
        return kept

    def _scrub_events(self, chat_id: ChatId, message_id: UUID) -> None:
        """Overwrite the events that carry the message's words: replay then delivers them emptied."""
        rows = self._connection.execute(
            "SELECT event_id, value FROM events WHERE chat_id = ? AND text_of = ?", (chat_id, time_key(message_id))
        ).fetchall()
        for row in rows:
            self._connection.execute(
                "UPDATE events SET value = ? WHERE chat_id = ? AND event_id = ?",
                (encode(scrubbed(decode(row["value"]))), chat_id, row["event_id"]),
            )

    def _is_stored(self, event: ChatEvent) -> bool:
        found = self._connection.execute(
            "SELECT 1 FROM events WHERE chat_id = ? AND event_id = ?", (event.chat_id, time_key(event.event_id))
        )
        return found.fetchone() is not None

    def _kept_id(self, event: ChatEvent, sent: MessageSent) -> UUID | None:
        row = self._connection.execute(
            "SELECT message_id FROM sends WHERE sender_id = ? AND client_message_id = ?",
            (actor_of(event), sent.client_message_id.bytes),
        ).fetchone()
        return from_time_key(row["message_id"]) if row else None

    def _remember_send(self, event: ChatEvent, sent: MessageSent) -> None:
        self._connection.execute(
            "INSERT OR IGNORE INTO sends (sender_id, client_message_id, chat_id, message_id) VALUES (?, ?, ?, ?)",
            (actor_of(event), sent.client_message_id.bytes, event.chat_id, time_key(event.event_id)),
        )

    def _remember_withdrawal(self, withdrawal: ChatEvent) -> None:
        message_id = message_of(withdrawal)
        if message_id:
            self._connection.execute(
                "REPLACE INTO pending_withdrawals (chat_id, message_id, value) VALUES (?, ?, ?)",
                (withdrawal.chat_id, time_key(message_id), encode(withdrawal)),
            )

    def _forget_withdrawal(self, chat_id: ChatId, message_id: UUID) -> None:
        self._connection.execute(
            "DELETE FROM pending_withdrawals WHERE chat_id = ? AND message_id = ?", (chat_id, time_key(message_id))
        )


def _chat_after(stored: StoredEvent, verdict: Verdict, before: ChatRow | None) -> ChatRow:
    seq = verdict.message.seq if verdict.message else 0
    if before is None:
        return ChatRow(verdict.chat, seq, stored.position)
    # A dead letter that is replayed stands further back than what was stored since.
    newest = max(before.position, stored.position, key=lambda position: position.offset)
    return ChatRow(verdict.chat, max(seq, before.last_seq), newest)

"""Applies a batch of events to history.db in one transaction."""

import sqlite3
from collections.abc import Sequence

from history.chat_id import ChatId
from history.fold import message_of, redact, send_of, text_of
from history.model import ChatEvent, LogEvent, MessageDeleted, MessageState, MessageWithdrawn, Send
from history.resolve import Decision, resolve
from history.sqlite.chat_rows import ChatRow, load_chats, save_chats
from history.sqlite.event_rows import (
    EventKey,
    load_sends,
    redact_events,
    save_events,
    save_sends,
    save_withdrawals,
    stored_of,
)
from history.sqlite.message_rows import MessageKey, load_messages, save_messages


class SqliteBatch:
    """Loads the stored state that a batch concerns, resolves its events, and writes the results."""

    def __init__(self, connection: sqlite3.Connection, events: Sequence[LogEvent]) -> None:
        self._connection = connection
        self._events = events
        about = [item.event for item in events]
        self._stored = stored_of(connection, about)
        self._known = load_messages(connection, {key for event in about if (key := _message_key(event))})
        self._sends = load_sends(connection, {send for event in about if (send := send_of(event))})
        self._before = load_chats(connection, {event.chat_id for event in about})
        self._chats: dict[ChatId, ChatRow] = {}
        self._messages: dict[MessageKey, MessageState] = {}
        self._new_sends: dict[Send, EventKey] = {}
        self._kept: dict[EventKey, LogEvent] = {}
        self._deleted: list[MessageKey] = []
        self._pending: dict[MessageKey, ChatEvent | None] = {}

    def apply(self) -> list[LogEvent]:
        """Write the batch and return the accepted events as they are stored. The caller commits the transaction.

        Raise ValueError if an event can never be stored. The caller then rolls back.
        """
        try:
            for stored in self._events:
                self._take(stored)
            self._write()
        except (LookupError, TypeError, ArithmeticError) as error:
            raise ValueError(f"{type(error).__name__}: {error}") from error
        return list(self._kept.values())

    def _take(self, stored: LogEvent) -> None:
        event = stored.event
        if (event.chat_id, event.event_id) in self._stored:
            return
        before = self._chats.get(event.chat_id) or self._before.get(event.chat_id)
        decision = self._resolve(event, before)
        if decision.message:
            self._messages[event.chat_id, decision.message.message_id] = decision.message
        if (withdrawal := decision.withdrawal) and (key := _message_key(withdrawal)):
            self._pending[key] = withdrawal
        if decision.accepted:
            self._keep(stored, decision)
        self._chats[event.chat_id] = _chat_after(stored, decision, before)

    def _resolve(self, event: ChatEvent, chat: ChatRow | None) -> Decision:
        key, send = _message_key(event), send_of(event)
        return resolve(
            event,
            chat=chat.state if chat else None,
            message=(self._messages.get(key) or self._known.get(key)) if key else None,
            last_seq=chat.last_seq if chat else 0,
            kept_id=self._sends.get(send) if send else None,
        )

    def _keep(self, stored: LogEvent, decision: Decision) -> None:
        event = stored.event
        key = (event.chat_id, event.event_id)
        self._stored.add(key)
        self._kept[key] = redact(stored) if decision.message and decision.message.deleted_for_everyone else stored
        if (send := send_of(event)) and send not in self._sends:
            self._sends[send] = event.event_id
            self._new_sends[send] = key
        match event.change:
            case MessageWithdrawn(message_id):
                self._pending[event.chat_id, message_id] = None
            case MessageDeleted(message_id, for_everyone=True):
                self._redact((event.chat_id, message_id))

    def _redact(self, message: MessageKey) -> None:
        self._deleted.append(message)
        for key, stored in self._kept.items():
            if (stored.event.chat_id, text_of(stored.event)) == message:
                self._kept[key] = redact(stored)

    def _write(self) -> None:
        # Make SQLite overwrite deleted and replaced rows, so that no text remains in the file.
        self._connection.execute("PRAGMA secure_delete = ON")
        save_messages(self._connection, self._messages.values())
        for chat_id, message_id in self._deleted:
            redact_events(self._connection, chat_id, message_id)
        save_events(self._connection, self._kept.values())
        save_sends(self._connection, self._new_sends)
        save_withdrawals(self._connection, self._pending)
        save_chats(self._connection, self._chats.values(), self._before)


def _message_key(event: ChatEvent) -> MessageKey | None:
    """Return the chat and the id of the message that the event changes, or None."""
    message_id = message_of(event)
    return (event.chat_id, message_id) if message_id else None


def _chat_after(stored: LogEvent, decision: Decision, before: ChatRow | None) -> ChatRow:
    seq = decision.message.seq if decision.message else 0
    if before is None:
        return ChatRow(decision.chat, seq, stored.position)
    # The position of a chat never moves back.
    newest = max(before.position, stored.position, key=lambda position: position.offset)
    return ChatRow(decision.chat, max(seq, before.last_seq), newest)

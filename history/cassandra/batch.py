"""Conversion of one chat's records into rows, without I/O. `chat_writer` writes the rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from history.audience import members_set_by
from history.cassandra.access import Key
from history.cassandra.chat_rows import Buckets, Head, chat_statements, head_statements
from history.cassandra.event_rows import event_statements
from history.cassandra.message_rows import message_statements
from history.cassandra.stored_facts import StoredFacts, StoredMessage, send_statement, shard_of
from history.cassandra.write_times import bucket_of, replaces_lost, smaller_offset_wins
from history.chat_id import ChatId
from history.fold import message_of, redact, send_of, text_of
from history.model import (
    ChatEvent,
    ChatState,
    LogEvent,
    MessageDeleted,
    MessageState,
    MessageWithdrawn,
    ReactionSet,
    Send,
)
from history.resolve import Decision, resolve
from kernel.cassandra.session import Statement
from kernel.ids import UserId

_MAX_KEY = 8_000


@dataclass(frozen=True, slots=True)
class Kept:
    """An accepted event. `redacted` says that the text of the event has been removed."""

    stored: LogEvent
    redacted: bool


class CassandraChatBatch:
    """Converts the records of one chat, added in log order, into rows.

    The same records after the same head give the same rows, even if an interrupted attempt has written some of them:
    `seq` continues from the head, and the log offset shows whether a stored event is a repeat or comes from an
    interrupted attempt at this record.
    """

    def __init__(self, *, chat_id: ChatId, head: Head | None, known: StoredFacts) -> None:
        self.withdrawals: list[ChatEvent] = []
        self.has_copies = False
        """Whether a record is a second copy of a send. Its withdrawal may be pending, even if it is not new."""
        self.returned: list[UUID] = []
        """Messages whose withdrawal was read back from the log."""
        self.deleted: list[UUID] = []
        """Messages whose stored text must be redacted."""
        self.chat = ChatState(chat_id, created_at=head.created_at if head else None)
        """The changes that this batch makes to the chat. Cassandra merges these changes with the stored state."""
        self._known = known
        self._stored = head
        self._listed = head.buckets if head else frozenset()
        self._last_seq = head.last_seq if head else 0
        self._position = head.position if head else None
        self._messages: dict[UUID, MessageState] = {}
        self._sent_at: dict[UUID, int] = {}
        self._offsets = dict(known.offsets)
        self._sends: dict[Send, tuple[UUID, int]] = {}
        self._kept: dict[int, Kept] = {}

    def add(self, stored: LogEvent) -> None:
        """Add one record. If the record can never be stored, change nothing and raise ValueError."""
        check_keys(stored.event)
        if isinstance(stored.event.change, MessageWithdrawn):
            self.returned.append(stored.event.change.message_id)
        if not self._is_repeat(stored):
            try:
                decision = self._resolve(stored.event)
            except (LookupError, TypeError, ArithmeticError) as error:
                raise ValueError(f"{type(error).__name__}: {error}") from error
            self._take(stored, decision)
        if self._position is None or stored.position.offset > self._position.offset:
            self._position = stored.position

    def head(self) -> Head | None:
        """Return the head of the chat after this batch, or None if neither the store nor the batch has a record of the
        chat.
        """
        if self._position is None:
            return None
        return Head(self._last_seq, self._position, self.chat.created_at, self._listed | self._message_buckets())

    def chat_statements(self, head: Head) -> list[Statement]:
        """Return the statements that write the chat's row and its members. The last ones write `head`."""
        created_at = self._stored.created_at if self._stored else None
        return [
            *chat_statements(self.chat, created_at=created_at),
            *head_statements(self.chat.chat_id, head, self._new_buckets()),
        ]

    def events(self) -> list[LogEvent]:
        """Return the accepted events in log order."""
        return [kept.stored for _, kept in sorted(self._kept.items())]

    def event_statements(self) -> Mapping[Key, list[Statement]]:
        """Return the statements that write events, by partition key."""
        found: dict[Key, list[Statement]] = {}
        for kept in self._kept.values():
            for bucket, statement in event_statements(kept.stored, redacted_text=kept.redacted):
                found.setdefault((self.chat.chat_id, bucket), []).append(statement)
        return found

    def message_statements(self) -> Mapping[Key, list[Statement]]:
        """Return the statements that write messages and reactions, by partition key."""
        found: dict[Key, list[Statement]] = {}
        for message_id, state in self._messages.items():
            known = self._known.messages.get(message_id)
            statements = message_statements(
                state, log_offset=self._sent_at.get(message_id), reacted=known is not None and known.reacted
            )
            found.setdefault((self.chat.chat_id, bucket_of(message_id)), []).extend(statements)
        return found

    def send_statements(self) -> Iterator[tuple[tuple[UserId, int], list[Statement]]]:
        """Yield, for each send, its partition key and the statement that writes its row."""
        for send, (message_id, offset) in self._sends.items():
            written_at = replaces_lost(offset) if send in self._known.lost_sends else smaller_offset_wins(offset)
            yield shard_of(send), [send_statement(send, self.chat.chat_id, message_id, written_at)]

    def sent_at(self, message_id: UUID) -> int | None:
        """Return the log offset at which the message was sent, or None if no such send is stored."""
        known = self._known.messages.get(message_id)
        return known.sent_at if known else None

    def _message_buckets(self) -> frozenset[int]:
        return frozenset(map(bucket_of, self._sent_at))

    def _new_buckets(self) -> Buckets:
        """Return the buckets that this batch writes to, without message buckets that the chat's row lists already."""
        events: dict[int, int] = {}
        for offset, kept in self._kept.items():
            bucket = bucket_of(kept.stored.event.event_id)
            events[bucket] = max(offset, events.get(bucket, -1))
        return Buckets(self._message_buckets() - self._listed, events)

    def _resolve(self, event: ChatEvent) -> Decision:
        send = send_of(event)
        made = self._sends.get(send) if send else None
        return resolve(
            event,
            chat=self.chat,
            message=self._message(message_of(event)),
            last_seq=self._last_seq,
            kept_id=made[0] if made else self._known.sends.get(send) if send else None,
        )

    def _take(self, stored: LogEvent, decision: Decision) -> None:
        event, offset = stored.event, stored.position.offset
        self.chat = decision.chat
        if decision.message:
            self._messages[decision.message.message_id] = decision.message
        if decision.withdrawal:
            self.withdrawals.append(decision.withdrawal)
        if not decision.accepted:
            self.has_copies = True
            return
        if send := send_of(event):
            self._sends[send] = (event.event_id, offset)
            self._sent_at[event.event_id] = offset
            self._last_seq += 1
        else:
            self._offsets[event.event_id] = offset
        self._kept[offset] = _kept(stored, decision.message)
        if isinstance(event.change, MessageDeleted) and event.change.for_everyone:
            self._redact(event.change.message_id)

    def _is_repeat(self, stored: LogEvent) -> bool:
        """Return whether the event was accepted before, at another offset.

        An event with the same offset was written by an interrupted attempt and is no repeat.
        """
        event_id = stored.event.event_id
        offsets = (self._offsets.get(event_id), self._sent_at.get(event_id), self.sent_at(event_id))
        return any(offset is not None and offset != stored.position.offset for offset in offsets)

    def _message(self, message_id: UUID | None) -> MessageState | None:
        if message_id is None:
            return None
        known: StoredMessage | None = self._known.messages.get(message_id)
        return self._messages.get(message_id) or (known.state if known else None)

    def _redact(self, message_id: UUID) -> None:
        self.deleted.append(message_id)
        for offset, kept in self._kept.items():
            if text_of(kept.stored.event) == message_id:
                self._kept[offset] = _redacted(kept.stored)


def check_keys(event: ChatEvent) -> None:
    """Raise ValueError if the event has an id or emoji that Cassandra does not accept in a key."""
    for text in _keys(event):
        if not 0 < len(text) <= _MAX_KEY:
            raise ValueError(f"an id or emoji of {len(text)} characters")


def _keys(event: ChatEvent) -> Iterator[str]:
    yield from event.chat_id.split("_")
    yield from members_set_by(event)
    if event.actor_id is not None:
        yield event.actor_id
    if isinstance(event.change, ReactionSet):
        yield event.change.emoji


def _kept(stored: LogEvent, message: MessageState | None) -> Kept:
    return _redacted(stored) if message and message.deleted_for_everyone else Kept(stored, redacted=False)


def _redacted(stored: LogEvent) -> Kept:
    return Kept(redact(stored), redacted=True)

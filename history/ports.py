"""Ports of the message store and of the hot tail."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from history.chat_id import ChatId
from history.model import ChatEvent, ChatState, LogEvent, MessageState
from kernel.ids import UserId
from kernel.log.ports import LogPosition, LogRecord


@dataclass(frozen=True, slots=True)
class Window:
    """A range of messages between two ids (both excluded): the newest or the oldest `limit` of them."""

    limit: int
    newest_first: bool = True
    before: UUID | None = None
    after: UUID | None = None


@dataclass(frozen=True, slots=True)
class ChatHead:
    """A stored chat with the position of its newest event."""

    state: ChatState
    position: LogPosition


@dataclass(frozen=True, slots=True)
class Applied:
    """The result of one batch of log records."""

    stored: Mapping[int, int]
    """Stored offset of each partition in the batch."""
    events: Sequence[LogEvent]
    """Events that changed something, in log order, without repeats."""
    withdrawals: Sequence[ChatEvent]
    """Events to append to the log, one per second copy of a send; returned again until read back from the log."""
    dead: int
    """Number of records that became dead letters."""


class MessageReader(Protocol):
    """Reads stored messages, without the hot tail."""

    async def window(self, chat_id: ChatId, window: Window) -> Sequence[MessageState]:
        """Return messages with content, oldest first, including deleted and withdrawn ones."""
        ...

    async def messages(self, chat_id: ChatId, ids: Collection[UUID]) -> Mapping[UUID, MessageState]:
        """Return the states of those ids that are stored."""
        ...

    async def sent(self, sender_id: UserId, client_message_id: UUID) -> tuple[ChatId, UUID] | None:
        """Return chat and id of the message that this send created, or None."""
        ...

    async def count_after(
        self, chat_id: ChatId, after: UUID | None, *, not_by: UserId, excluding: Collection[UUID], limit: int
    ) -> int:
        """Count messages after an id, up to `limit`, that `not_by` neither sent nor deleted and that nobody deleted for
        everyone.

        `excluding`: ids that are never counted, because the caller has newer states of them.
        """
        ...


class ChatReader(Protocol):
    """Reads stored chats."""

    async def heads(self, ids: Collection[ChatId], *, only: UserId | None = None) -> Mapping[ChatId, ChatHead]:
        """Return the chats that are stored.

        `only`: load the membership of this user alone, at a cost that does not depend on the size of the group.
        """
        ...

    async def chats_of(self, user_id: UserId) -> Collection[ChatId]:
        """Return every chat that a user is or was in, in no particular order."""
        ...


class EventReader(Protocol):
    """Reads stored events by position in the log."""

    async def events_after(self, chat_id: ChatId, offset: int, limit: int) -> Sequence[LogEvent]:
        """Return up to `limit` events of a chat with a larger offset in the chat's partition, in log order."""
        ...

    async def stored(self) -> Mapping[int, int]:
        """Return the stored offset of each partition; partitions without one are left out."""
        ...


class RecordWriter(Protocol):
    """Stores log records. Used by the persister."""

    async def apply(self, records: Sequence[LogRecord]) -> Applied:
        """Store a batch in log order. On return all of it is stored; only then the stored offsets move.

        Records at or below the stored offsets change nothing. Unreadable records become dead letters. Every accepted
        message gets the next `seq` of its chat. The first send with a (sender, client_message_id) in log order creates
        the message; a later one with another id is withdrawn.

        Raise ChatlyError UNAVAILABLE `STORE_UNAVAILABLE` if the store is unreachable, or holds less than this writer
        has stored; then read the log again from the stored offsets. Part of the batch may be visible already. Applying
        it again, also with more records or in another process, has the same result as applying it once: the same `seq`
        for each message and no repeats.
        """
        ...


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that could not be applied."""

    record: LogRecord
    error: str
    failed_at: float
    """Seconds since 1970."""


class DeadLetters(Protocol):
    """Records that were set aside so that their partition can continue."""

    async def page(self, *, before: LogPosition | None, limit: int) -> Sequence[DeadLetter]:
        """Return up to `limit` dead letters below `before`, newest first (partition, then offset, descending)."""
        ...

    async def at(self, positions: Sequence[LogPosition]) -> Sequence[DeadLetter]:
        """Return the dead letters at these positions, in this order. Positions without one are absent."""
        ...

    async def remove(self, position: LogPosition) -> None:
        """Remove a dead letter permanently; a missing one is not an error."""
        ...

    async def count(self) -> int:
        """Return the number of dead letters."""
        ...


class TailReader(Protocol):
    """Reads acknowledged events that may not be stored yet. Read it before the store, which has all trimmed events."""

    async def events(self, chat_ids: Collection[ChatId]) -> Mapping[ChatId, Sequence[LogEvent]]:
        """Return the kept events of these chats, in log order."""
        ...

    async def chats_of(self, user_id: UserId) -> Collection[ChatId]:
        """Return chats with kept events that name this user: direct chats, or as actor, audience or member."""
        ...

    async def sent(self, sender_id: UserId, client_message_id: UUID) -> LogEvent | None:
        """Return the first in log order of the kept copies of this send, or None."""
        ...


class HotTail(TailReader, Protocol):
    """The hot tail with its write side. Not durable by itself: it is refilled from the log."""

    async def add(self, event: LogEvent) -> None:
        """Keep an event until it is trimmed. Repeats are harmless; an event below the trimmed offset is not kept."""
        ...

    async def trim(self, stored: Mapping[int, int]) -> None:
        """Drop every event at or below these offsets (partition → offset)."""
        ...


class SendClaims(Protocol):
    """Maps sends to message ids while the store may not have them. May lose claims: the persister resolves repeats."""

    async def claim(self, sender_id: UserId, client_message_id: UUID, message_id: UUID) -> UUID:
        """Return the message id of this send: `message_id` if it is new, else the id claimed first."""
        ...

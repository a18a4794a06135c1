"""Ports of the message store and of the hot tail."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from history.chat_id import ChatId
from history.model import ChatEvent, ChatState, LogEvent, MessageState, Send
from kernel.ids import UserId
from kernel.log.ports import LogPosition, LogRecord


@dataclass(frozen=True, slots=True)
class Window:
    """The newest or the oldest `limit` messages between two ids. Both ids are excluded."""

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
class SentPage:
    """A page of the messages that one user has sent, in no particular order."""

    messages: Sequence[tuple[ChatId, UUID]]
    next_after: bytes
    """The key at which the next page starts. Empty on the last page."""


@dataclass(frozen=True, slots=True)
class Applied:
    """The result of one batch of log records."""

    stored: Mapping[int, int]
    """Stored offset of each partition in the batch."""
    events: Sequence[LogEvent]
    """Events that changed something, in log order, without repeats."""
    withdrawals: Sequence[ChatEvent]
    """Withdrawals to append to the log, one per second copy of a send.

    Later batches return a withdrawal too, until it is read back from the log.
    """
    dead: int
    """Number of records that became dead letters."""


class MessageReader(Protocol):
    """Reads stored messages, without the hot tail."""

    async def window(self, chat_id: ChatId, window: Window) -> Sequence[MessageState]:
        """Return the messages that have content, oldest first.

        Deleted messages are included. Withdrawn messages are not, because they have no content.
        """
        ...

    async def messages(self, chat_id: ChatId, ids: Collection[UUID]) -> Mapping[UUID, MessageState]:
        """Return the states of the stored messages among `ids`."""
        ...

    async def sent(self, sender_id: UserId, client_message_id: UUID) -> tuple[ChatId, UUID] | None:
        """Return the chat and the id of the message that this send created, or None if the send is not stored."""
        ...

    async def sent_by(self, sender_id: UserId, *, after: bytes, limit: int) -> SentPage:
        """Return a page of the stored messages that a user has sent in all chats, also in chats that the user has left.

        `after` is empty, or the `next_after` of the page before. Read from an index, at a cost that depends on the size
        of the page alone. Raise ValueError if `after` is malformed.
        """
        ...

    async def count_after(
        self, chat_id: ChatId, after: UUID | None, *, not_by: UserId, excluding: Collection[UUID], limit: int
    ) -> int:
        """Count the messages after an id, or all messages if `after` is None. The result is at most `limit`.

        Messages that `not_by` sent or deleted for themselves do not count, and neither do messages deleted for
        everyone. The ids in `excluding` do not count either, because the caller has newer states of them.
        """
        ...


class ChatReader(Protocol):
    """Reads stored chats."""

    async def heads(self, ids: Collection[ChatId], *, only: UserId | None = None) -> Mapping[ChatId, ChatHead]:
        """Return the stored chats among `ids`.

        With `only`, load of a group only this user's membership, read mark and whether they wrote, at a cost that does
        not depend on the size of the group. Direct chats are loaded as a whole.
        """
        ...

    async def chats_of(self, user_id: UserId) -> Collection[ChatId]:
        """Return every chat that a user is or was in, in no particular order."""
        ...


class EventReader(Protocol):
    """Reads stored events by position in the log."""

    async def events_after(self, chat_id: ChatId, offset: int, limit: int) -> Sequence[LogEvent]:
        """Return up to `limit` events of a chat whose offset is larger than `offset`, in log order."""
        ...

    async def stored(self) -> Mapping[int, int]:
        """Return the stored offset of each partition. Partitions without a stored offset are left out."""
        ...


class RecordWriter(Protocol):
    """Stores log records for the persister."""

    async def apply(self, records: Sequence[LogRecord]) -> Applied:
        """Store a batch in log order. When this method returns, the whole batch is stored. The stored offsets move
        last.

        Records at or below the stored offsets change nothing. Unreadable records become dead letters. Every accepted
        message gets the next `seq` of its chat. Of all sends with the same (sender, client_message_id), the first in
        log order creates the message. A later send with another message id is withdrawn.

        Raise ChatlyError UNAVAILABLE `STORE_UNAVAILABLE` if the store is unreachable, or holds less than this writer
        has stored. The caller then reads the log again from the stored offsets. Part of the failed batch may be visible
        already. Applying the batch a second time, even with more records or in another process, has the same result as
        applying it once: each message has the same `seq`, and nothing is repeated.
        """
        ...


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that could not be applied, with the error."""

    record: LogRecord
    error: str
    failed_at: float
    """The time of the failure, in seconds since 1970."""


class DeadLetters(Protocol):
    """Records that were set aside so that their partition can continue."""

    async def page(self, *, before: LogPosition | None, limit: int) -> Sequence[DeadLetter]:
        """Return up to `limit` dead letters below `before`, in descending order of partition and offset.

        If `before` is None, start with the highest position.
        """
        ...

    async def at(self, positions: Sequence[LogPosition]) -> Sequence[DeadLetter]:
        """Return the dead letters at these positions, in the given order.

        Positions without a dead letter are skipped.
        """
        ...

    async def remove(self, position: LogPosition) -> None:
        """Remove a dead letter permanently. Do nothing if there is no dead letter at this position."""
        ...

    async def count(self) -> int:
        """Return the number of dead letters."""
        ...


@dataclass(frozen=True, slots=True)
class StoredSend:
    """The message that a send created."""

    send: Send
    chat_id: ChatId
    message_id: UUID


@dataclass(frozen=True, slots=True)
class MessageFiles:
    """The files of a message, in the order of the message."""

    chat_id: ChatId
    message_id: UUID
    sender_id: UserId
    media_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class FilesPage:
    """A page of messages with files, in no particular order."""

    messages: Sequence[MessageFiles]
    next_after: bytes
    """The key at which the next page starts. Empty on the last page."""


class StoreScan(Protocol):
    """Reads the whole store page by page. Rows that are written meanwhile may be missing."""

    def chat_ids(self) -> AsyncIterator[Sequence[ChatId]]:
        """Yield the ids of all chats with a row in any table, in no particular order, with repeats."""
        ...

    def sends(self) -> AsyncIterator[Sequence[StoredSend]]:
        """Yield all sends, in no particular order."""
        ...

    async def listed(self, chat_id: ChatId, users: Collection[UserId]) -> Collection[UserId]:
        """Return those of these users who have the chat in their list of chats."""
        ...

    async def files(self, *, after: bytes, limit: int) -> FilesPage:
        """Read the next `limit` messages, and return those that have files and are not removed.

        `after` is empty, or the `next_after` of the page before.
        """
        ...


class TailReader(Protocol):
    """Reads acknowledged events that the store may not have yet.

    Callers read the hot tail first and the store second. An event that was trimmed before the first read is in the
    store.
    """

    async def events(self, chat_ids: Collection[ChatId]) -> Mapping[ChatId, Sequence[LogEvent]]:
        """Return the kept events of these chats, in log order."""
        ...

    async def chats_of(self, user_id: UserId) -> Collection[ChatId]:
        """Return the chats with kept events that name this user.

        An event names both users of a direct chat, its actor, its audience, and users whose membership it changes.
        """
        ...

    async def sent(self, sender_id: UserId, client_message_id: UUID) -> LogEvent | None:
        """Return the first kept copy of this send in log order, or None."""
        ...


class HotTail(TailReader, Protocol):
    """The hot tail for reading and writing. The hot tail is not durable: lost events are refilled from the log."""

    async def add(self, event: LogEvent) -> bool:
        """Keep an event until it is trimmed. Return False if the epoch of its position is over, see `refuse`.

        Adding an event twice has no effect. An event at or below the trimmed offset is not kept.
        """
        ...

    async def refuse(self, floors: Mapping[int, int]) -> None:
        """Refuse to add events at or below these ordinals (partition → ordinal), because another epoch has begun.

        A node that does not know the epoch yet would otherwise add an event that no other node shows.
        """
        ...

    async def trim(self, stored: Mapping[int, int]) -> None:
        """Drop every event at or below these offsets (partition → offset)."""
        ...


@dataclass(frozen=True, slots=True)
class Claim:
    """The message id of a send."""

    message_id: UUID
    is_first: bool
    """True if this send certainly has no earlier message. If False, the hot tail and the store may have one."""


class SendClaims(Protocol):
    """Maps sends to message ids while the store may not have the messages yet.

    Claims may be lost. The claims that follow a loss are not `is_first`, unless the send was created after it.
    """

    async def claim(self, sender_id: UserId, client_message_id: UUID, message_id: UUID) -> Claim:
        """Return the message id that was first claimed for this send. A new send claims `message_id`."""
        ...

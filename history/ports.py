"""What messaging and the persister ask of the store and of the hot tail."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from history.chat_id import ChatId
from history.model import ChatEvent, ChatState, MessageState, StoredEvent
from kernel.ids import UserId
from kernel.log.ports import LogPosition, LogRecord


@dataclass(frozen=True, slots=True)
class Window:
    """Messages of a chat between two ids (both excluded): the newest `limit` of them, or the oldest."""

    limit: int
    newest_first: bool = True
    before: UUID | None = None
    after: UUID | None = None


@dataclass(frozen=True, slots=True)
class ChatHead:
    """A chat as stored; `position` is that of its newest event."""

    state: ChatState
    position: LogPosition


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of one batch of log records."""

    stored: Mapping[int, int]
    """Offset reached in each partition of the batch."""
    events: Sequence[StoredEvent]
    """Those that changed something, in log order; repeats are left out."""
    withdrawals: Sequence[ChatEvent]
    """For second copies of a send: events to append to the log. Given again until they come back through it."""
    dead: int
    """Records put aside as dead letters."""


class MessageReader(Protocol):
    """Stored messages. Nothing here knows of the tail."""

    async def window(self, chat_id: ChatId, window: Window) -> Sequence[MessageState]:
        """Messages with content, oldest first; the deleted and the withdrawn among them."""
        ...

    async def messages(self, chat_id: ChatId, ids: Collection[UUID]) -> Mapping[UUID, MessageState]:
        """Those of the ids that anything is known of."""
        ...

    async def sent(self, sender_id: UserId, client_message_id: UUID) -> tuple[ChatId, UUID] | None:
        """Chat and id of the message that this send made; None: no stored one."""
        ...

    async def count_after(
        self, chat_id: ChatId, after: UUID | None, *, not_by: UserId, excluding: Collection[UUID], limit: int
    ) -> int:
        """Messages after an id that `not_by` neither sent nor deleted, and that nobody took back; at most `limit`.

        `excluding`: ids that are not counted in any case; the caller knows newer of them.
        """
        ...


class ChatReader(Protocol):
    """Stored chats."""

    async def heads(self, ids: Collection[ChatId], *, only: UserId | None = None) -> Mapping[ChatId, ChatHead]:
        """Those of the ids that anything is known of.

        `only`: of the people in them their states tell of this user alone, and cost the same however many there are.
        """
        ...

    async def chats_of(self, user_id: UserId) -> Collection[ChatId]:
        """Every chat that a user is or was in, in no particular order."""
        ...


class EventReader(Protocol):
    """Stored events by place in the log."""

    async def events_after(self, chat_id: ChatId, offset: int, limit: int) -> Sequence[StoredEvent]:
        """Events of a chat with a larger offset in the chat's partition, in log order."""
        ...

    async def stored(self) -> Mapping[int, int]:
        """Offset up to which each partition is stored; a partition that has none is left out."""
        ...


class RecordWriter(Protocol):
    """The persister's side."""

    async def apply(self, records: Sequence[LogRecord]) -> Applied:
        """Store a batch in log order; it is stored whole on return, and the stored offsets move only then.

        Records below the stored offsets change nothing. Unreadable ones become dead letters. Gives every accepted
        message the next `seq` of its chat. The first send with a (sender, client_message_id) in log order is the
        message; a later one with another id is withdrawn.
        Raise ChatlyError UNAVAILABLE `STORE_UNAVAILABLE` if the store is away, or holds less than this writer has
        stored: read the log again from the stored offsets. Part of the batch may be readable then. Given again, also
        with other records after it or by another process, it comes to what one whole application gives: the same
        `seq` for each message, and nothing twice.
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
    """Records put aside so that their partition can go on."""

    async def page(self, *, before: LogPosition | None, limit: int) -> Sequence[DeadLetter]:
        """The newest first (by partition, then offset, descending), those below `before`."""
        ...

    async def at(self, positions: Sequence[LogPosition]) -> Sequence[DeadLetter]:
        """Those at these places, in this order.

        Raise ChatlyError NOT_FOUND `DEAD_LETTER_NOT_FOUND` if one of them is not on the list.
        """
        ...

    async def remove(self, position: LogPosition) -> None:
        """Take one off the list, for good; one that is not there is no error."""
        ...

    async def count(self) -> int:
        """How many there are."""
        ...


class TailReader(Protocol):
    """Acknowledged events that the store may not have yet. Read it before the store: what leaves it is in the store."""

    async def events(self, chat_ids: Collection[ChatId]) -> Mapping[ChatId, Sequence[StoredEvent]]:
        """What is kept of these chats, in log order."""
        ...

    async def chats_of(self, user_id: UserId) -> Collection[ChatId]:
        """Chats with kept events that name this user: as one of two, as actor, in the audience, or as a member set."""
        ...

    async def sent(self, sender_id: UserId, client_message_id: UUID) -> StoredEvent | None:
        """The kept MessageSent of this send that is first in log order."""
        ...


class HotTail(TailReader, Protocol):
    """The tail as its writers see it. Holds no promise of its own: it is refilled from the log."""

    async def add(self, event: StoredEvent) -> None:
        """Keep until trimmed. Again is not an error; what was trimmed before is not kept."""
        ...

    async def trim(self, stored: Mapping[int, int]) -> None:
        """Forget everything at or below these offsets (partition → offset)."""
        ...


class SendClaims(Protocol):
    """Which message a send made, while the store may not have it. May forget: the persister is the last judge."""

    async def claim(self, sender_id: UserId, client_message_id: UUID, message_id: UUID) -> UUID:
        """The id of the message for this send: `message_id` if nobody claimed it before, else the earlier one."""
        ...

"""Builds the events of a chat in chronological order, and log records with them."""

from collections.abc import Iterable, Mapping
from uuid import UUID, uuid4

from history.chat_id import ChatId
from history.codec import encode
from history.model import (
    AttachedMedia,
    Change,
    ChatEvent,
    GroupCreated,
    GroupUpdated,
    HiddenRange,
    HistoryVisibility,
    LogEvent,
    MemberSet,
    MessageDeleted,
    MessageEdited,
    MessageSent,
    MessageWithdrawn,
    ReactionSet,
    ReadMarkMoved,
    Role,
)
from kernel.ids import HybridClock, UserId
from kernel.log.ports import LogPosition, LogRecord
from tests.builders import an_id
from tests.fakes import FakeClock

PHOTO = AttachedMedia(
    media_id=an_id(),
    content_type="image/jpeg",
    file_name="a secret photo.jpg",
    size_bytes=12_345,
    width=640,
    height=480,
    has_thumbnail=True,
    sha256=b"\x07" * 32,
)


def a_user() -> UserId:
    return UserId(an_id())


ANN, BOB, CAT = a_user(), a_user(), a_user()
ANN_AND_BOB = ChatId.direct(ANN, BOB)
A_GROUP = ChatId(an_id())


class ChatBuilder:
    """Builds events of one chat, each a second later than the one before."""

    def __init__(self, chat_id: ChatId = ANN_AND_BOB, *, clock: FakeClock | None = None) -> None:
        self.chat_id = chat_id
        self._clock = clock or FakeClock()
        self._ids = HybridClock(clock=self._clock, tail=b"chronicl")

    def event(self, actor: UserId | None, change: Change, audience: tuple[UserId, ...] = ()) -> ChatEvent:
        self._clock.advance(1)
        return ChatEvent(self._ids.next(), self.chat_id, actor, self._clock.now(), change, audience)

    def sent(
        self,
        sender: UserId = ANN,
        text: str = "hello",
        *,
        send: UUID | None = None,
        reply_to: UUID | None = None,
        attachments: tuple[AttachedMedia, ...] = (),
    ) -> ChatEvent:
        return self.event(sender, MessageSent(send or uuid4(), text, reply_to, attachments))

    def edited(self, message: ChatEvent, text: str) -> ChatEvent:
        return self.event(message.actor_id, MessageEdited(message.event_id, text))

    def deleted_for_everyone(self, message: ChatEvent) -> ChatEvent:
        return self.event(message.actor_id, MessageDeleted(message.event_id, for_everyone=True))

    def deleted_by(self, user: UserId, message: ChatEvent) -> ChatEvent:
        return self.event(user, MessageDeleted(message.event_id, for_everyone=False))

    def withdrawn(self, copy: ChatEvent, kept: ChatEvent) -> ChatEvent:
        return self.event(None, MessageWithdrawn(copy.event_id, kept.event_id))

    def reacted(self, user: UserId, message: ChatEvent, emoji: str = "👍", *, present: bool = True) -> ChatEvent:
        return self.event(user, ReactionSet(message.event_id, emoji, present))

    def read_by(self, user: UserId, message: ChatEvent) -> ChatEvent:
        return self.event(user, ReadMarkMoved(message.event_id))

    def created(self, owner: UserId, *members: UserId, title: str = "A group") -> ChatEvent:
        roles: Mapping[UserId, Role] = {owner: Role.OWNER, **dict.fromkeys(members, Role.MEMBER)}
        return self.event(owner, GroupCreated(uuid4(), title, "", "", roles), (owner, *members))

    def updated(self, actor: UserId, visibility: HistoryVisibility) -> ChatEvent:
        return self.event(actor, GroupUpdated(history_visibility=visibility))

    def member_set(
        self,
        actor: UserId,
        user: UserId,
        role: Role | None,
        *,
        joined: ChatEvent | None = None,
        hidden: tuple[HiddenRange, ...] = (),
    ) -> ChatEvent:
        return self.event(actor, MemberSet(user, role, joined.event_id if joined else None, hidden), (user,))


def records_of(events: Iterable[ChatEvent], *, partition: int = 0, start: int = 0) -> list[LogRecord]:
    """Return consecutive log records with these events."""
    return [
        LogRecord(LogPosition(partition, offset), event.chat_id, encode(event))
        for offset, event in enumerate(events, start)
    ]


def stored(events: Iterable[ChatEvent], *, partition: int = 0, start: int = 0) -> list[LogEvent]:
    """Return the events with consecutive log positions."""
    return [LogEvent(LogPosition(partition, offset), event) for offset, event in enumerate(events, start)]

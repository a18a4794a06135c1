"""Events of a chat, and the states that result from folding them.

`fold` has the folding, and `codec` the serialization.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from uuid import UUID

from history.chat_id import ChatId
from kernel.ids import UserId
from kernel.log.ports import LogPosition

Send = tuple[UserId, UUID]
"""Sender and `client_message_id`: the key of a send."""


class Role(IntEnum):
    """The role of a member in a group. A higher role has all rights of the lower ones."""

    MEMBER = 1
    ADMIN = 2
    OWNER = 3


class HistoryVisibility(StrEnum):
    """The setting of a group that decides which earlier messages new members may see. Stores contain these values."""

    SHARED = "shared"
    """All earlier messages. This is the default."""
    JOINED = "joined"
    """Only messages sent after they joined."""


@dataclass(frozen=True, slots=True)
class HiddenRange:
    """Messages that a member may not see: those after the message `after`, up to and including `through`."""

    after: UUID | None
    """The newest message before the range. None: the range begins with the first message of the chat."""
    through: UUID | None
    """None: the range has no end yet, because the user is not a member."""


@dataclass(frozen=True, slots=True)
class AttachedMedia:
    """The description of an attached file, as it was when the message was sent."""

    media_id: str
    content_type: str
    file_name: str
    size_bytes: int
    width: int = 0
    height: int = 0
    has_thumbnail: bool = False
    sha256: bytes = b""


@dataclass(frozen=True, slots=True)
class MessageSent:
    """A message was sent. The id of the event is the id of the message."""

    client_message_id: UUID
    text: str
    reply_to: UUID | None = None
    attachments: tuple[AttachedMedia, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageEdited:
    message_id: UUID
    text: str


@dataclass(frozen=True, slots=True)
class MessageDeleted:
    message_id: UUID
    for_everyone: bool


@dataclass(frozen=True, slots=True)
class MessageWithdrawn:
    """A second copy of a send, withdrawn by the persister."""

    message_id: UUID
    kept_message_id: UUID


@dataclass(frozen=True, slots=True)
class ReactionSet:
    message_id: UUID
    emoji: str
    present: bool


@dataclass(frozen=True, slots=True)
class ReadMarkMoved:
    message_id: UUID


@dataclass(frozen=True, slots=True)
class GroupCreated:
    client_group_id: UUID
    title: str
    description: str
    avatar_media_id: str
    members: Mapping[UserId, Role]
    history_visibility: HistoryVisibility | None = None
    """None means SHARED."""


@dataclass(frozen=True, slots=True)
class GroupUpdated:
    """Details of a group changed. A field that is None stays unchanged."""

    title: str | None = None
    description: str | None = None
    avatar_media_id: str | None = None
    history_visibility: HistoryVisibility | None = None


@dataclass(frozen=True, slots=True)
class MemberSet:
    """A user became a member, got another role, or left. `role` is None for a user who is no longer a member."""

    user_id: UserId
    role: Role | None
    joined: UUID | None = None
    """The event by which the member had joined, if this event changes the role.

    None if the user joins or leaves by this event.
    """
    hidden: tuple[HiddenRange, ...] = ()
    """All messages that the user may not see after this event, oldest first.

    Each event has the whole list, so the newest event of a user decides alone, whatever the setting is later.
    """


Change = (
    MessageSent
    | MessageEdited
    | MessageDeleted
    | MessageWithdrawn
    | ReactionSet
    | ReadMarkMoved
    | GroupCreated
    | GroupUpdated
    | MemberSet
)


@dataclass(frozen=True, slots=True)
class ChatEvent:
    """One lasting change of one chat.

    Of two writes to the same field, the one with the later `event_id` (a TimeUUID) wins.
    """

    event_id: UUID
    chat_id: ChatId
    actor_id: UserId | None
    """The user who caused the event, or None if the system did."""
    occurred_at: datetime
    change: Change
    audience: tuple[UserId, ...] = ()
    """Users who must receive the event in addition to the chat's members."""
    request_id: str = ""
    traceparent: str = ""
    """The W3C trace context of the append. Empty if the request is not traced."""


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a MessageSent. `text` is empty if the message was edited, or deleted for everyone."""

    sender_id: UserId
    client_message_id: UUID
    text: str
    reply_to: UUID | None
    attachments: tuple[AttachedMedia, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Edit:
    event_id: UUID
    text: str
    edited_at: datetime


@dataclass(frozen=True, slots=True)
class ReactionMark:
    """The newest change of one user's reaction with one emoji."""

    event_id: UUID
    present: bool
    set_at: datetime


@dataclass(frozen=True, slots=True)
class MessageState:
    """All known facts about one message. Events may arrive in any order, so `content` may be None.

    A message that was deleted for everyone has no text, files, edit or reactions. A withdrawn message has no other
    field set.
    """

    chat_id: ChatId
    message_id: UUID
    content: Content | None = None
    edit: Edit | None = None
    reactions: Mapping[tuple[UserId, str], ReactionMark] = field(default_factory=dict)
    deleted_for: frozenset[UserId] = frozenset()
    deleted_for_everyone: bool = False
    withdrawn: bool = False
    seq: int = 0
    """The number of the message in its chat (1, 2, 3, …), given by the persister in log order. 0 until then."""


@dataclass(frozen=True, slots=True)
class Reaction:
    user_id: UserId
    emoji: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """A message as members see it. A message that was deleted for everyone has no text and no attachments."""

    message_id: UUID
    chat_id: ChatId
    sender_id: UserId
    client_message_id: UUID
    text: str
    reply_to: UUID | None
    attachments: tuple[AttachedMedia, ...]
    reactions: tuple[Reaction, ...]
    """The reactions in the order in which they were added."""
    seq: int
    created_at: datetime
    edited_at: datetime | None
    deleted_for_everyone: bool
    edit_id: UUID | None = None
    """The event of the last edit.

    Of two edits, the one with the later event id is the last, even if its `edited_at` is earlier.
    """


@dataclass(frozen=True, slots=True)
class LwwRegister:
    """A last-writer-wins register: a value and the event that set it.

    `initial` marks a value that was set when the group was created. Every later change wins over an initial value, and
    so does an earlier creation of the same group.
    """

    event_id: UUID
    value: str
    initial: bool = False


@dataclass(frozen=True, slots=True)
class Membership:
    """The newest change of one membership.

    `role` is None if the user left or was removed. `initial` means the same as in LwwRegister.
    """

    event_id: UUID
    role: Role | None
    initial: bool = False
    joined: UUID | None = None
    """The event by which the member joined, if a later event changed the role. None otherwise."""
    hidden: tuple[HiddenRange, ...] = ()
    """The messages that the user may not see, oldest first."""

    @property
    def joined_id(self) -> UUID:
        """The event by which the member joined. Messages with a later id were sent after the member joined."""
        return self.joined or self.event_id


@dataclass(frozen=True, slots=True)
class ChatState:
    """All known facts about a chat except its messages.

    A direct chat has only `created_at`, `read_marks`, `writers` and `last_message_id`.
    """

    chat_id: ChatId
    created_at: datetime | None = None
    title: LwwRegister | None = None
    description: LwwRegister | None = None
    avatar_media_id: LwwRegister | None = None
    history_visibility: LwwRegister | None = None
    """The value of a HistoryVisibility. None: the group was created without the setting, which means SHARED."""
    memberships: Mapping[UserId, Membership] = field(default_factory=dict)
    read_marks: Mapping[UserId, UUID] = field(default_factory=dict)
    """The newest message that each member has read. Senders count as having read the messages that they sent."""
    writers: frozenset[UserId] = frozenset()
    """The users who have ever sent a message to the chat, even if the message was deleted or withdrawn."""
    last_message_id: UUID | None = None
    """The newest message ever sent, even if it was withdrawn: a maximum does not depend on the order of events."""


@dataclass(frozen=True, slots=True)
class LogEvent:
    """An event with its position in the log. The store may not have the event yet."""

    position: LogPosition
    event: ChatEvent
    value: bytes = field(default=b"", compare=False, repr=False)
    """The serialized event, kept so that it need not be encoded again. Empty if the bytes are not at hand."""

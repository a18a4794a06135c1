"""Events of a chat, and what they add up to. The adding up is in `fold`, the wire form in `codec`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from uuid import UUID

from history.chat_id import ChatId
from kernel.ids import UserId
from kernel.log.ports import LogPosition

Send = tuple[UserId, UUID]
"""The name of a send: who sends, and the `client_message_id`."""


class Role(IntEnum):
    """What a member may do in a group; higher may more."""

    MEMBER = 1
    ADMIN = 2
    OWNER = 3


@dataclass(frozen=True, slots=True)
class AttachedMedia:
    """A file of a message, as it was when the message was sent."""

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
    """The message's id is the event's id."""

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
    """A second copy of a send, taken back by the persister."""

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


@dataclass(frozen=True, slots=True)
class GroupUpdated:
    """None: stays as it is."""

    title: str | None = None
    description: str | None = None
    avatar_media_id: str | None = None


@dataclass(frozen=True, slots=True)
class MemberSet:
    """`role` None: no member any more."""

    user_id: UserId
    role: Role | None


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
    """One lasting change of one chat. Of two writes to the same thing the later `event_id` (TimeUUID) wins."""

    event_id: UUID
    chat_id: ChatId
    actor_id: UserId | None
    """None: the system."""
    occurred_at: datetime
    change: Change
    audience: tuple[UserId, ...] = ()
    """Who must hear of it beside the members that the log's reader knows of."""
    request_id: str = ""
    traceparent: str = ""
    """Of its append, as W3C writes it; empty unless the request is traced."""


@dataclass(frozen=True, slots=True)
class Content:
    """What MessageSent said. The text is empty once an edit holds the newer one, or the message was deleted."""

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
    """The newest word on one (user, emoji)."""

    event_id: UUID
    present: bool
    set_at: datetime


@dataclass(frozen=True, slots=True)
class MessageState:
    """Everything known of one message; events may come in any order, so `content` may still be missing (None).

    Deleted for everyone: no text, files, edit or reactions. Withdrawn: nothing but that.
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
    """Dense per chat, given by the persister in log order; 0 before that."""


@dataclass(frozen=True, slots=True)
class Reaction:
    user_id: UserId
    emoji: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """A message as members see it; without content when deleted for everyone."""

    message_id: UUID
    chat_id: ChatId
    sender_id: UserId
    client_message_id: UUID
    text: str
    reply_to: UUID | None
    attachments: tuple[AttachedMedia, ...]
    reactions: tuple[Reaction, ...]
    """In the order in which they came."""
    seq: int
    created_at: datetime
    edited_at: datetime | None
    deleted_for_everyone: bool


@dataclass(frozen=True, slots=True)
class LwwRegister:
    """A value with the event that set it: the later event wins.

    `initial`: it came with the group. Any later word beats it, and so does an earlier creation of the same group.
    """

    event_id: UUID
    value: str
    initial: bool = False


@dataclass(frozen=True, slots=True)
class Membership:
    """The newest word on one member; `role` None: left or removed. `initial` as in Registered."""

    event_id: UUID
    role: Role | None
    initial: bool = False


@dataclass(frozen=True, slots=True)
class ChatState:
    """Everything known of a chat beside its messages. For two people only read marks and times matter."""

    chat_id: ChatId
    created_at: datetime | None = None
    title: LwwRegister | None = None
    description: LwwRegister | None = None
    avatar_media_id: LwwRegister | None = None
    memberships: Mapping[UserId, Membership] = field(default_factory=dict)
    read_marks: Mapping[UserId, UUID] = field(default_factory=dict)
    """The newest message each member has read; a sender has read what they sent."""
    last_message_id: UUID | None = None
    """The newest message ever sent, taken back or not: a maximum, so that the order of events does not matter."""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event with its place in the log."""

    position: LogPosition
    event: ChatEvent
    value: bytes = field(default=b"", compare=False, repr=False)
    """The event as the log has it, where that is at hand: it need not be encoded anew to be passed on."""

"""Events of a chat and the states they fold into. Folding is in `fold`, serialization in `codec`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from uuid import UUID

from history.chat_id import ChatId
from kernel.ids import UserId
from kernel.log.ports import LogPosition

Send = tuple[UserId, UUID]
"""Sender and `client_message_id`: the key of a send."""


class Role(IntEnum):
    """Rights of a member in a group; a higher role includes the lower ones."""

    MEMBER = 1
    ADMIN = 2
    OWNER = 3


@dataclass(frozen=True, slots=True)
class AttachedMedia:
    """A file as it was when its message was sent."""

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
    """The id of the event is the id of the message."""

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


@dataclass(frozen=True, slots=True)
class GroupUpdated:
    """None leaves a field unchanged."""

    title: str | None = None
    description: str | None = None
    avatar_media_id: str | None = None


@dataclass(frozen=True, slots=True)
class MemberSet:
    """`role` None removes the member."""

    user_id: UserId
    role: Role | None
    joined: UUID | None = None
    """The event by which a member joined whose role changes now. None: they join by this event."""


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
    """One lasting change of one chat. Of two writes to the same field, the later `event_id` (TimeUUID) wins."""

    event_id: UUID
    chat_id: ChatId
    actor_id: UserId | None
    """None: the system."""
    occurred_at: datetime
    change: Change
    audience: tuple[UserId, ...] = ()
    """Users who must receive the event in addition to the chat's members."""
    request_id: str = ""
    traceparent: str = ""
    """W3C trace context of the append; empty unless the request is traced."""


@dataclass(frozen=True, slots=True)
class Content:
    """The content of MessageSent. The text is empty once the message was edited or deleted."""

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
    """The newest change of one (user, emoji)."""

    event_id: UUID
    present: bool
    set_at: datetime


@dataclass(frozen=True, slots=True)
class MessageState:
    """Everything known of one message. Events may arrive in any order, so `content` may be missing (None).

    Deleted for everyone: no text, files, edit or reactions. Withdrawn: no other field.
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
    """Dense per chat, assigned by the persister in log order; 0 before that."""


@dataclass(frozen=True, slots=True)
class Reaction:
    user_id: UserId
    emoji: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """A message as members see it; without text and attachments when deleted for everyone."""

    message_id: UUID
    chat_id: ChatId
    sender_id: UserId
    client_message_id: UUID
    text: str
    reply_to: UUID | None
    attachments: tuple[AttachedMedia, ...]
    reactions: tuple[Reaction, ...]
    """In the order in which they were added."""
    seq: int
    created_at: datetime
    edited_at: datetime | None
    deleted_for_everyone: bool
    edit_id: UUID | None = None
    """The event of the last edit. Of two edits the one with the later id wins, whatever `edited_at` says."""


@dataclass(frozen=True, slots=True)
class LwwRegister:
    """A last-writer-wins register: a value with the event that set it.

    `initial`: set when the group was created. Any later change wins over it, and so does an earlier creation of the
    same group.
    """

    event_id: UUID
    value: str
    initial: bool = False


@dataclass(frozen=True, slots=True)
class Membership:
    """The newest change of one membership; `role` None: left or removed. `initial` as in LwwRegister."""

    event_id: UUID
    role: Role | None
    initial: bool = False
    joined: UUID | None = None
    """The event by which the member joined, if the role changed since."""

    @property
    def joined_id(self) -> UUID:
        """The event by which the member joined. Messages with a later id were sent since."""
        return self.joined or self.event_id


@dataclass(frozen=True, slots=True)
class ChatState:
    """Everything known of a chat except its messages. A direct chat uses only read marks and times."""

    chat_id: ChatId
    created_at: datetime | None = None
    title: LwwRegister | None = None
    description: LwwRegister | None = None
    avatar_media_id: LwwRegister | None = None
    memberships: Mapping[UserId, Membership] = field(default_factory=dict)
    read_marks: Mapping[UserId, UUID] = field(default_factory=dict)
    """The newest message each member has read; senders have read what they sent."""
    last_message_id: UUID | None = None
    """The newest message ever sent, even if withdrawn: a maximum does not depend on the order of events."""


@dataclass(frozen=True, slots=True)
class LogEvent:
    """An event with its position in the log, stored or not."""

    position: LogPosition
    event: ChatEvent
    value: bytes = field(default=b"", compare=False, repr=False)
    """The serialized event if at hand, so that it is not encoded again; empty otherwise."""

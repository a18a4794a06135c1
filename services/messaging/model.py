"""What messaging's use cases take and give, beside the events and states of `history`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Generic, TypeVar
from uuid import UUID

from history.chat_id import ChatId
from history.fold import apply_to_message, to_message
from history.model import AttachedMedia, ChatEvent, ChatState, Message, Role
from kernel.ids import UserId

MAX_GROUP_MEMBERS = 5_000
MAX_DIFFERENT_EMOJI = 20
MAX_CONTACTS = 5_000

NOBODY = UserId("")
"""A viewer who deleted nothing for themselves: sees what the chat holds."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ChatRef:
    """How a caller names a chat: by its id, or, for two people, by the other one. Exactly one is set."""

    chat_id: str = ""
    user_id: str = ""


@dataclass(frozen=True, slots=True)
class Seat:
    """A member's place in a chat, as found when they came in."""

    user_id: UserId
    chat_id: ChatId
    state: ChatState
    role: Role | None
    """None in a 1:1 chat."""
    other: UserId | None
    """The other one of a 1:1 chat; None in a group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message to send. The same `client_message_id` from the same sender is the same send."""

    chat: ChatRef
    client_message_id: UUID
    text: str
    reply_to: UUID | None = None
    media_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Which messages: from the end of the chat back, or from its beginning on; `start`: from there, not included."""

    chat: ChatRef
    forward: bool = False
    start: UUID | None = None
    page_size: int = 0
    """0: 50."""
    page_token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which messages to find; `chat_id` empty: in all of the caller's chats."""

    query: str
    chat_id: str = ""
    page_size: int = 0
    """0: 20."""
    page_token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGroup:
    """A group to make. The same `client_group_id` from the same creator is the same group."""

    client_group_id: UUID
    title: str
    description: str = ""
    avatar_media_id: str = ""
    member_ids: tuple[UserId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """New details of a group; None: stays as it is."""

    title: str | None = None
    description: str | None = None
    avatar_media_id: str | None = None


@dataclass(frozen=True, slots=True)
class RoleChange:
    """One member's role before and after; None: no member."""

    user_id: UserId
    before: Role | None
    after: Role | None


@dataclass(frozen=True, slots=True)
class ReadTo:
    """How far a member has read, and what is left."""

    message_id: UUID | None
    unread_count: int


class MediaPurpose(Enum):
    """What a file was uploaded for."""

    MESSAGE = auto()
    AVATAR = auto()


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file as the media service knows it."""

    owner_id: UserId
    purpose: MediaPurpose
    media: AttachedMedia


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Part of a list. `next_page_token` is empty at the end."""

    items: Sequence[T]
    next_page_token: str = ""


Blocks = Mapping[UserId, frozenset[UserId]]
"""Users that exist → whom each of them blocks."""


def sent_message(event: ChatEvent) -> Message:
    """The message that a send makes, before anything else happens to it; raise ValueError for another event."""
    message = to_message(apply_to_message(None, event))
    if message is None:
        raise ValueError(f"{type(event.change).__name__} makes no message")
    return message

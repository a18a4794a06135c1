"""Values that messaging's use cases take and return. Events and chat states are in `history`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Generic, TypeVar
from uuid import UUID

from history.chat_id import ChatId
from history.model import AttachedMedia, ChatState, HistoryVisibility, Role
from history.visibility import Viewer, viewer_of
from kernel.ids import UserId

MAX_GROUP_MEMBERS = 5_000
MAX_DIFFERENT_EMOJI = 20
MAX_CONTACTS = 5_000

NOBODY = UserId("")
"""A user who has deleted nothing for themselves."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ChatRef:
    """A chat as a caller names it: by its id, or if it is a 1:1 chat by its other user. Exactly one field is set."""

    chat_id: str = ""
    user_id: str = ""


@dataclass(frozen=True, slots=True)
class ChatAccess:
    """A user's checked access to a chat, with the chat's state at the time of the check."""

    user_id: UserId
    chat_id: ChatId
    state: ChatState
    role: Role | None
    """None in a 1:1 chat."""

    @property
    def viewer(self) -> Viewer:
        """The user, with the messages that the user may not see."""
        return viewer_of(self.state, self.user_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message to send. The same `client_message_id` from the same sender means the same message."""

    chat: ChatRef
    client_message_id: UUID
    text: str
    reply_to: UUID | None = None
    media_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A request for one page of messages: from the newest message back, or with `forward` from the oldest on."""

    chat: ChatRef
    forward: bool = False
    start: UUID | None = None
    """The listing starts before this message, or with `forward` after it. None: it starts at the newest message, or
    with `forward` at the oldest one.
    """
    page_size: int = 0
    """Messages per page; 0 means 50."""
    page_token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A request for one page of search results."""

    query: str
    chat_id: str = ""
    """Empty: search all of the caller's chats."""
    page_size: int = 0
    """Messages per page; 0 means 20."""
    page_token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGroup:
    """A group to create. The same `client_group_id` from the same creator means the same group."""

    client_group_id: UUID
    title: str
    description: str = ""
    avatar_media_id: str = ""
    member_ids: tuple[UserId, ...] = ()
    history_visibility: HistoryVisibility | None = None
    """None means SHARED."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """New details of a group. None means that a detail does not change."""

    title: str | None = None
    description: str | None = None
    avatar_media_id: str | None = None
    history_visibility: HistoryVisibility | None = None


@dataclass(frozen=True, slots=True)
class RoleChange:
    """One user's role before and after a change. None means that the user is not a member."""

    user_id: UserId
    before: Role | None
    after: Role | None


@dataclass(frozen=True, slots=True)
class ReadPosition:
    """A member's read mark and the number of unread messages after it."""

    message_id: UUID | None
    unread_count: int


class MediaPurpose(Enum):
    """The purpose with which a file was uploaded."""

    MESSAGE = auto()
    AVATAR = auto()


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file of the media service."""

    owner_id: UserId
    purpose: MediaPurpose
    media: AttachedMedia


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list. `next_page_token` is empty on the last page."""

    items: Sequence[T]
    next_page_token: str = ""


Blocks = Mapping[UserId, frozenset[UserId]]
"""Maps each existing user to the users whom they block. Users who do not exist are left out."""

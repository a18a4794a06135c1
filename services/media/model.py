"""What a file is to Chatly: its purpose, its facts, and where it was sent. No storage, no wire."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import NewType

from kernel.ids import UserId

MediaId = NewType("MediaId", str)
"""UUID text. An upload has the id of the file that it becomes."""

MAX_PART_BYTES = 1 << 20
MAX_CHUNK_BYTES = 256 * 1024


class Purpose(Enum):
    """What a file is for; the values are kept in stores."""

    MESSAGE = "message"
    AVATAR = "avatar"


class Variant(Enum):
    """Which form of a file; the values are used in URLs."""

    ORIGINAL = "original"
    THUMBNAIL = "thumbnail"


THUMBNAIL_TYPE = "image/webp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What a client says of a file before sending it. Checked, never believed."""

    file_name: str
    size_bytes: int = 0
    """0: not known."""
    purpose: Purpose = Purpose.MESSAGE
    sha256: str = ""
    """Lower-case hex, or empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingUpload:
    """An upload that is not complete; it is given up at `expires_at`."""

    upload_id: MediaId
    owner_id: UserId
    announced: Announcement
    limit_bytes: int
    """The most it may have: the announced size, or what its purpose allows."""
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an upload has come."""

    upload: PendingUpload
    received_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A file that can be downloaded. Sizes and hash are those of what is served."""

    media_id: MediaId
    owner_id: UserId
    purpose: Purpose
    content_type: str
    file_name: str
    size_bytes: int
    sha256: str
    width: int = 0
    height: int = 0
    thumbnail_bytes: int = 0
    """0: there is no thumbnail."""
    created_at: datetime

    @property
    def url(self) -> str:
        """Path at the edge."""
        return f"/api/uploads/{self.media_id}"

    def size_of(self, variant: Variant) -> int:
        """Bytes of one form; 0 where it does not exist."""
        return self.size_bytes if variant is Variant.ORIGINAL else self.thumbnail_bytes


@dataclass(frozen=True, slots=True)
class FilesSent:
    """A message with files was sent."""

    chat_id: str
    message_id: str
    sender_id: UserId
    media_ids: tuple[MediaId, ...]


@dataclass(frozen=True, slots=True)
class MessageGone:
    """A message was deleted for everyone, or was a second copy that was taken back."""

    chat_id: str
    message_id: str
    deleted: bool
    """True: deleted by its sender, and its files go with it. False: taken back."""


LogChange = FilesSent | MessageGone


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an upload may be."""

    message_bytes: int
    avatar_bytes: int
    image_pixels: int
    """Of all frames together."""
    upload_lifetime: timedelta
    """After it an upload that is not complete is given up."""

    def bytes_of(self, purpose: Purpose) -> int:
        """The largest file allowed for a purpose."""
        return self.avatar_bytes if purpose is Purpose.AVATAR else self.message_bytes


def blob_name(media_id: MediaId, variant: Variant) -> str:
    """Where the bytes of one form lie in the blob store."""
    return f"{media_id}/{variant.value}"


def direct_chat_members(chat_id: str) -> tuple[UserId, UserId] | None:
    """The two people of a 1:1 chat; None for a group."""
    first, separator, second = chat_id.partition("_")
    return (UserId(first), UserId(second)) if separator else None

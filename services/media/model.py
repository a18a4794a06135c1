"""Files, uploads and the log changes that concern them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import NewType

from kernel.ids import UserId

MediaId = NewType("MediaId", str)
"""UUID text. A file has the id of its upload."""

MAX_PART_BYTES = 1 << 20
MAX_CHUNK_BYTES = 256 * 1024


class Purpose(Enum):
    """Use of a file; the values are stored."""

    MESSAGE = "message"
    AVATAR = "avatar"


class Variant(Enum):
    """Form of a file; the values are part of URLs."""

    ORIGINAL = "original"
    THUMBNAIL = "thumbnail"


THUMBNAIL_TYPE = "image/webp"


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadRequest:
    """A client's description of a file before the upload. It is verified after the upload."""

    file_name: str
    size_bytes: int = 0
    """0: unknown."""
    purpose: Purpose = Purpose.MESSAGE
    sha256: str = ""
    """Lower-case hex, or empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingUpload:
    """An incomplete upload; it is discarded at `expires_at`."""

    upload_id: MediaId
    owner_id: UserId
    request: UploadRequest
    limit_bytes: int
    """Maximum size: the requested size, or the limit of the purpose."""
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Progress of an upload."""

    upload: PendingUpload
    received_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A file that can be downloaded. Sizes and hash are those of the served bytes."""

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
    """0: no thumbnail."""
    created_at: datetime

    @property
    def url(self) -> str:
        """Return the path at the edge."""
        return f"/api/uploads/{self.media_id}"

    def size_of(self, variant: Variant) -> int:
        """Return the bytes of a variant; 0 if it does not exist."""
        return self.size_bytes if variant is Variant.ORIGINAL else self.thumbnail_bytes


@dataclass(frozen=True, slots=True)
class FilesSent:
    """A message with files."""

    chat_id: str
    message_id: str
    sender_id: UserId
    media_ids: tuple[MediaId, ...]


@dataclass(frozen=True, slots=True)
class MessageRemoved:
    """A message that was deleted for everyone, or withdrawn as a second copy."""

    chat_id: str
    message_id: str
    deleted: bool
    """True: deleted, and its files are deleted too. False: withdrawn."""


@dataclass(frozen=True, slots=True)
class GroupPictureSet:
    """A group got a picture."""

    chat_id: str
    user_id: UserId
    """The user who set it; messaging requires that they uploaded it."""
    media_id: MediaId


LogChange = FilesSent | MessageRemoved | GroupPictureSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of uploads."""

    message_bytes: int
    avatar_bytes: int
    image_pixels: int
    """Pixels over all frames."""
    upload_lifetime: timedelta
    """Lifetime of an incomplete upload."""

    def bytes_of(self, purpose: Purpose) -> int:
        """Return the largest file size for a purpose."""
        return self.avatar_bytes if purpose is Purpose.AVATAR else self.message_bytes


def blob_name(media_id: MediaId, variant: Variant) -> str:
    """Return the blob name of a variant."""
    return f"{media_id}/{variant.value}"

"""Files, uploads, and the changes in the log that concern files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import NewType

from kernel.ids import UserId

MediaId = NewType("MediaId", str)
"""A UUID as text. A file has the id of its upload."""

MAX_PART_BYTES = 1 << 20
MAX_CHUNK_BYTES = 256 * 1024


class Purpose(Enum):
    """The use of a file. The store contains these values."""

    MESSAGE = "message"
    AVATAR = "avatar"


class Variant(Enum):
    """The form of a file. URLs contain these values."""

    ORIGINAL = "original"
    THUMBNAIL = "thumbnail"


THUMBNAIL_TYPE = "image/webp"


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadRequest:
    """A client's description of a file before the upload. Its size and hash are verified after the upload."""

    file_name: str
    size_bytes: int = 0
    """The size of the file, or 0 if it is unknown."""
    purpose: Purpose = Purpose.MESSAGE
    sha256: str = ""
    """The SHA-256 of the file in lower-case hex, or "" if it is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingUpload:
    """An incomplete upload. It is discarded at `expires_at`."""

    upload_id: MediaId
    owner_id: UserId
    request: UploadRequest
    limit_bytes: int
    """Maximum size: the size in the request if it is known, else the limit of the purpose."""
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """An upload, and how much of it was received."""

    upload: PendingUpload
    received_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A file that can be downloaded. Its sizes and its hash are those of the bytes that are served."""

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
    """The size of the thumbnail, or 0 if there is none."""
    created_at: datetime

    @property
    def url(self) -> str:
        """The path of the file at the edge."""
        return f"/api/uploads/{self.media_id}"

    def size_of(self, variant: Variant) -> int:
        """Return the size of a variant in bytes, or 0 if the variant does not exist."""
        return self.size_bytes if variant is Variant.ORIGINAL else self.thumbnail_bytes


@dataclass(frozen=True, slots=True)
class MessageKey:
    """A message, by its chat and its id."""

    chat_id: str
    message_id: str


@dataclass(frozen=True, slots=True)
class FilesSent:
    """A message with files was sent."""

    chat_id: str
    message_id: str
    sender_id: UserId
    media_ids: tuple[MediaId, ...]


@dataclass(frozen=True, slots=True)
class MessageRemoved:
    """A message was deleted for everyone, or was withdrawn as the second copy of a send."""

    chat_id: str
    message_id: str
    deleted: bool
    """Whether the message was deleted, which also deletes its files. False: the message was withdrawn."""

    @property
    def key(self) -> MessageKey:
        """The message."""
        return MessageKey(self.chat_id, self.message_id)


@dataclass(frozen=True, slots=True)
class GroupPictureSet:
    """A file became the picture of a group."""

    chat_id: str
    user_id: UserId
    """The user who set the picture. Messaging requires that this user has uploaded it."""
    media_id: MediaId


LogChange = FilesSent | MessageRemoved | GroupPictureSet


@dataclass(frozen=True, slots=True)
class PendingRemoval:
    """A message that was removed according to the log. The store is asked at `due_at`, after `attempts` questions."""

    message: MessageKey
    attempts: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class MessagePage:
    """A page of messages with files, in no particular order."""

    messages: Sequence[MessageKey]
    next_after: str
    """The key at which the next page starts. Empty on the last page."""


@dataclass(frozen=True, slots=True)
class StoredFilesPage:
    """A page of the message store's messages with files, in no particular order."""

    messages: Sequence[FilesSent]
    next_after: str
    """The key at which the next page starts. Empty on the last page."""


@dataclass(frozen=True, slots=True)
class StoreProgress:
    """How far the message store has read the log."""

    epoch: str
    """The identity of the newest epoch that the store has begun."""
    offsets: Mapping[int, int]
    """By partition: the offset in the log up to which the store has all records; nothing or -1 if it has none."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Progress of one pass of a comparison with the message store."""

    epoch: str
    """The pass, and the epochs of the log that the store and media have begun. Other epochs need another comparison."""
    step: int = 0
    """The number of pages that are compared."""
    after: str = ""
    """The key at which the next page starts."""
    done: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits that uploads must keep."""

    message_bytes: int
    avatar_bytes: int
    image_pixels: int
    """Maximum number of pixels of an image, over all frames."""
    upload_lifetime: timedelta
    """Lifetime of an incomplete upload."""

    def bytes_of(self, purpose: Purpose) -> int:
        """Return the largest file size for a purpose."""
        return self.avatar_bytes if purpose is Purpose.AVATAR else self.message_bytes


def blob_name(media_id: MediaId, variant: Variant) -> str:
    """Return the name of the blob that contains a variant."""
    return f"{media_id}/{variant.value}"

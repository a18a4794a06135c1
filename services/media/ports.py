"""Ports of the media service. Complete files are in a `kernel.blob.ports.BlobStore`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from kernel.ids import UserId
from services.media.model import LogChange, Media, MediaId, PendingUpload


class UploadStaging(Protocol):
    """Bytes of incomplete uploads. One writer per upload at a time."""

    async def append(self, upload_id: MediaId, data: bytes, *, offset: int, durable: bool) -> None:
        """Write at `offset`, the current size. With `durable`, all bytes so far survive a power cut."""
        ...

    async def size(self, upload_id: MediaId) -> int:
        """Return the received bytes, also after a restart; 0 if there are none."""
        ...

    async def local_copy(self, upload_id: MediaId) -> Path:
        """Return a local file with all bytes so far, in a folder that may hold work files."""
        ...

    async def discard(self, upload_id: MediaId) -> None:
        """Delete the bytes and all work files, if they exist."""
        ...


class UploadStore(Protocol):
    """Incomplete uploads. Durable."""

    async def add(self, upload: PendingUpload) -> None:
        """Store a new upload."""
        ...

    async def find(self, upload_id: MediaId) -> PendingUpload | None:
        """Return an upload, or None."""
        ...

    async def remove(self, upload_id: MediaId) -> None:
        """Delete an upload, if it exists."""
        ...

    async def expired(self, now: datetime, *, limit: int) -> Sequence[PendingUpload]:
        """Return uploads with `expires_at` at or before `now`."""
        ...


class MediaStore(Protocol):
    """Files that can be downloaded, and deleted files whose bytes are not purged. Durable."""

    async def add(self, media: Media) -> None:
        """Store a new file. Do nothing if the id is known, also if the file was deleted."""
        ...

    async def find(self, media_id: MediaId) -> Media | None:
        """Return a file, or None if it does not exist or was deleted."""
        ...

    async def pending_deletion(self, *, limit: int) -> Sequence[MediaId]:
        """Return deleted files whose bytes are not purged."""
        ...

    async def mark_purged(self, media_id: MediaId) -> None:
        """Record that the bytes of a deleted file are purged."""
        ...


class SentFiles(Protocol):
    """The chats that files were sent to. Written in log order; repeats change nothing. Durable."""

    async def apply(self, changes: Sequence[LogChange]) -> Sequence[MediaId]:
        """Apply in order. Return the files that were deleted: a deleted message was their last one.

        A FilesSent or GroupPictureSet by another user than the file's owner is ignored.
        """
        ...

    async def chats(self, media_id: MediaId) -> Sequence[str]:
        """Return the ids of the chats that a file was sent to."""
        ...

    async def delete_unsent(self, *, before: datetime, limit: int) -> Sequence[MediaId]:
        """Delete MESSAGE files that were uploaded before a time and are in no chat, and return them."""
        ...


class UserPictures(Protocol):
    """Pictures by the user who uploaded them."""

    async def delete(self, owner_id: UserId) -> None:
        """Delete all AVATAR files of a user, except pictures of groups. `MediaStore.pending_deletion` has them then."""
        ...

    async def overwrite(self) -> None:
        """On return the store's files contain nothing of files that were purged before the call."""
        ...


class LogProgress(Protocol):
    """Reports how far the log was applied to SentFiles."""

    async def is_behind(self) -> bool:
        """Return whether the log has records that are not applied."""
        ...

    async def wait(self, seconds: float) -> None:
        """Return when more records have been applied, or after `seconds`."""
        ...


class GroupMembers(Protocol):
    """Members of groups. Results may be 5 s old."""

    async def includes(self, chat_id: str, user_id: UserId) -> bool:
        """Return whether the calling user is a member. Raise UNAVAILABLE if messaging is unreachable."""
        ...


class Profiles(Protocol):
    """Profiles, owned by auth."""

    async def update(self, changes: Mapping[str, str]) -> Mapping[str, Any]:
        """Update the given fields of the calling user: `username`, `bio`, `avatar_media_id`.

        Return the JSON response of REST. Raise auth's errors, or UNAVAILABLE.
        """
        ...

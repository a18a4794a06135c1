"""Ports of the media service. The bytes of complete files are in a `kernel.blob.ports.BlobStore`."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from kernel.ids import UserId
from kernel.log.epochs import Ordinals
from services.media.model import (
    Comparison,
    LogChange,
    Media,
    MediaId,
    MessageKey,
    MessagePage,
    MessageRemoved,
    PendingRemoval,
    PendingUpload,
    StoredFilesPage,
    StoreProgress,
)


class UploadStaging(Protocol):
    """Bytes of incomplete uploads. An upload has at most one writer at a time."""

    async def append(self, upload_id: MediaId, data: bytes, *, offset: int, durable: bool) -> None:
        """Write at `offset`, which must be the current size. With `durable`, all bytes so far survive a power cut."""
        ...

    async def size(self, upload_id: MediaId) -> int:
        """Return how many bytes were received, even before a restart."""
        ...

    async def local_copy(self, upload_id: MediaId) -> Path:
        """Return a local file with all bytes so far. Its folder may also hold work files."""
        ...

    async def discard(self, upload_id: MediaId) -> None:
        """Delete the bytes and all work files, if there are any."""
        ...


class UploadStore(Protocol):
    """Incomplete uploads, stored durably."""

    async def add(self, upload: PendingUpload) -> None:
        """Store a new upload."""
        ...

    async def find(self, upload_id: MediaId) -> PendingUpload | None:
        """Return an upload, or None if it does not exist."""
        ...

    async def remove(self, upload_id: MediaId) -> None:
        """Delete an upload, if it exists."""
        ...

    async def expired(self, now: datetime, *, limit: int) -> Sequence[PendingUpload]:
        """Return up to `limit` uploads with `expires_at` at or before `now`."""
        ...


class MediaStore(Protocol):
    """Files that can be downloaded, and deleted files whose bytes are not purged yet. Writes are durable on return."""

    async def add(self, media: Media) -> None:
        """Store a new file. Do nothing if the id is known, even if the file was deleted."""
        ...

    async def find(self, media_id: MediaId) -> Media | None:
        """Return a file. Return None if it does not exist or was deleted."""
        ...

    async def message_files(self, owner_id: UserId) -> Sequence[MediaId]:
        """Return the ids of a user's MESSAGE files, sent or not. Some of them may be deleted."""
        ...

    async def pending_deletion(self, *, limit: int) -> Sequence[MediaId]:
        """Return up to `limit` deleted files whose bytes are not purged yet."""
        ...

    async def mark_purged(self, media_id: MediaId) -> None:
        """Record that the bytes of a deleted file are purged."""
        ...


class SentFiles(Protocol):
    """The messages that contain files. Changes come in log order, and repeats change nothing. Writes are durable."""

    async def apply(self, changes: Sequence[LogChange]) -> Sequence[MediaId]:
        """Apply changes in order. Return the files that were deleted because their last message was deleted.

        Ignore a FilesSent or GroupPictureSet if the user in it does not own the file.
        """
        ...

    async def messages_with(self, media_id: MediaId) -> Sequence[MessageKey]:
        """Return the messages that contain a file, in no particular order."""
        ...

    async def messages(self, *, after: str, limit: int) -> MessagePage:
        """Return a page of at most `limit` messages that have had files. `after`: empty, or from the page before."""
        ...

    async def delete_unsent(self, *, before: datetime, limit: int) -> Sequence[MediaId]:
        """Delete up to `limit` MESSAGE files that were uploaded before a time and are in no chat. Return them."""
        ...


class PendingRemovals(Protocol):
    """Messages that were removed according to the log and perhaps not according to the store. Writes are durable."""

    async def add(self, messages: Sequence[MessageKey], *, due_at: datetime) -> None:
        """Add those of these messages that have files. Ignore messages that are pending already."""
        ...

    async def due(self, now: datetime, *, limit: int) -> Sequence[PendingRemoval]:
        """Return up to `limit` removals with `due_at` at or before `now`."""
        ...

    async def postpone(self, removal: PendingRemoval, *, until: datetime) -> None:
        """Replace a removal by one that is due at `until`, after one more attempt."""
        ...

    async def remove(self, removal: PendingRemoval) -> None:
        """Remove a removal, if it is pending."""
        ...


class StoredMessages(Protocol):
    """Messages in the message store, which messaging owns."""

    async def removed(self, messages: Sequence[MessageKey]) -> Sequence[MessageRemoved]:
        """Return those of at most 200 messages that the store has as deleted for everyone, or as withdrawn.

        Raise UNAVAILABLE if messaging or its store is unreachable.
        """
        ...

    async def files(self, *, after: str) -> StoredFilesPage:
        """Return a page of the messages that have files and are not removed. Raise UNAVAILABLE.

        `after` is empty, or from the page before.
        """
        ...

    async def progress(self) -> StoreProgress:
        """Return how far the store has read the log. Raise UNAVAILABLE."""
        ...


class ComparisonProgress(Protocol):
    """Progress of the comparison with the message store. Writes are durable."""

    async def load(self, epoch: str) -> Comparison | None:
        """Return the progress of the comparison in an epoch, or None if it has not begun."""
        ...

    async def save(self, comparison: Comparison) -> None:
        """Save the progress. Ignore an earlier step than the saved one of the same epoch."""
        ...


class FollowedEpochs(Protocol):
    """The epochs of the log, and the ordinals that are applied: see `kernel.log.followed_log.FollowedLog`."""

    @property
    def ordinals(self) -> Ordinals: ...

    async def check(self) -> None: ...

    async def ends(self) -> Mapping[int, int]: ...

    async def applied(self) -> Mapping[int, int]: ...


class KnownSends(Protocol):
    """Reports whether every send of a file up to an earlier moment is known, whatever the log has lost."""

    async def moment(self) -> Mapping[int, int]:
        """Return the present end of the log: the ordinal of the last record of each partition."""
        ...

    async def are_complete(self, ends: Mapping[int, int]) -> bool:
        """Return whether every send up to `ends` is in SentFiles. Raise UNAVAILABLE if that cannot be determined."""
        ...


class UserPictures(Protocol):
    """Pictures, by the user who uploaded them."""

    async def delete(self, owner_id: UserId) -> int:
        """Delete all AVATAR files of a user, except those that a group has had as its picture. Return their number.

        `MediaStore.pending_deletion` then returns the deleted files.
        """
        ...

    async def of_user(self, owner_id: UserId) -> Sequence[MediaId]:
        """Return the ids of a user's AVATAR files. Some of them may be deleted."""
        ...

    async def overwrite(self) -> None:
        """Ensure that the store's files contain no data of files that were purged before the call."""
        ...


class LogProgress(Protocol):
    """Reports how much of the log has been applied to SentFiles."""

    async def is_behind(self) -> bool:
        """Return whether the log has records that have not been applied."""
        ...

    async def wait(self, seconds: float) -> None:
        """Wait until more records have been applied, at most `seconds`."""
        ...


class OwnData(Protocol):
    """The calling user's own data in other services, as JSON, read with the user's token. For an export.

    A token that is about to expire is renewed. Raise the errors of the services, also SESSION_ENDED, or UNAVAILABLE if
    one is unreachable.
    """

    def documents(self) -> AsyncIterator[tuple[str, Any]]:
        """Yield names of files and their contents: profile, sessions, blocked users, presence."""
        ...

    def chats(self) -> AsyncIterator[Sequence[Any]]:
        """Yield pages of the user's chats, with members and without messages."""
        ...

    def people(self, user_ids: Sequence[str]) -> AsyncIterator[Sequence[Any]]:
        """Yield pages with the id and name of each of these users."""
        ...

    def messages(self) -> AsyncIterator[Sequence[Any]]:
        """Yield pages of the messages that the user has sent, with `attachments`."""
        ...

    def reactions(self) -> AsyncIterator[Sequence[Any]]:
        """Yield pages of the user's reactions to messages of others."""
        ...


class GroupMessages(Protocol):
    """Messages of groups. Results may be 5 seconds old."""

    async def sees_any(self, chat_id: str, message_ids: Sequence[str], user_id: UserId) -> bool:
        """Return whether `user_id`, which must be the calling user, may see one of these messages of a group.

        Raise UNAVAILABLE if messaging is unreachable.
        """
        ...


class Profiles(Protocol):
    """User profiles. Auth owns them."""

    async def update(self, changes: Mapping[str, str]) -> Mapping[str, Any]:
        """Update the given fields of the calling user: `username`, `bio`, `avatar_media_id`.

        Return the same JSON as the REST API. Raise auth's errors, or UNAVAILABLE if auth is unreachable.
        """
        ...

"""What the media service needs of the world. Bytes that are complete lie in `kernel.blob`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from kernel.ids import UserId
from services.media.model import LogChange, Media, MediaId, PendingUpload


class UploadStaging(Protocol):
    """Keeps the bytes of uploads that are not complete. One writer per upload at a time."""

    async def append(self, upload_id: MediaId, data: bytes, *, offset: int, durable: bool) -> None:
        """Write at `offset`, which is the size reached. With `durable`, all bytes so far survive a power cut."""
        ...

    async def size(self, upload_id: MediaId) -> int:
        """Bytes received, also after a restart; 0 if there are none."""
        ...

    async def local_copy(self, upload_id: MediaId) -> Path:
        """A file with all bytes so far, in a folder of its own that takes work files beside it."""
        ...

    async def discard(self, upload_id: MediaId) -> None:
        """Remove the bytes and all work files; nothing happens if there are none."""
        ...


class UploadStore(Protocol):
    """Knows the uploads that are not complete. Durable."""

    async def begin(self, upload: PendingUpload) -> None:
        """Keep a new upload."""
        ...

    async def find(self, upload_id: MediaId) -> PendingUpload | None:
        """None: there is none, or it ended."""
        ...

    async def end(self, upload_id: MediaId) -> None:
        """Forget it; nothing happens if there is none."""
        ...

    async def expired(self, now: datetime, *, limit: int) -> Sequence[PendingUpload]:
        """Uploads to be given up by now."""
        ...


class MediaStore(Protocol):
    """Knows the files that can be downloaded, and those whose bytes are still to be removed. Durable."""

    async def add(self, media: Media) -> None:
        """Keep a new file; nothing happens if its id is known, also if it was deleted since."""
        ...

    async def find(self, media_id: MediaId) -> Media | None:
        """None: there is none, or it was deleted."""
        ...

    async def condemned(self, *, limit: int) -> Sequence[MediaId]:
        """Deleted files whose bytes may still be there."""
        ...

    async def bury(self, media_id: MediaId) -> None:
        """The bytes of a deleted file are gone."""
        ...


class SentFiles(Protocol):
    """Knows in which chats files were sent. Written in log order; repeats change nothing. Durable."""

    async def apply(self, changes: Sequence[LogChange]) -> Sequence[MediaId]:
        """Apply in order; returns the files that this deleted: those left with no message once theirs was deleted.

        Only a file's owner sends it: a FilesSent by anybody else is passed over.
        """
        ...

    async def chats(self, media_id: MediaId) -> Sequence[str]:
        """Ids of the chats that a file was sent to."""
        ...

    async def delete_unsent(self, *, before: datetime, limit: int) -> Sequence[MediaId]:
        """Delete MESSAGE files uploaded before a time and now in no chat; returns them."""
        ...


class LogNews(Protocol):
    """How current the knowledge of SentFiles is."""

    async def is_behind(self) -> bool:
        """Whether the log holds records that are not applied yet."""
        ...

    async def wait(self, seconds: float) -> None:
        """Return as soon as more has been applied, at the latest after `seconds`."""
        ...


class GroupMembers(Protocol):
    """Knows who is in a group. Its answer may be 5 s old."""

    async def includes(self, chat_id: str, user_id: UserId) -> bool:
        """Whether the calling user is a member; raises ChatlyError UNAVAILABLE if that cannot be known."""
        ...


class Profiles(Protocol):
    """Changes profiles, which are another service's."""

    async def update(self, changes: Mapping[str, str]) -> Mapping[str, Any]:
        """Change the calling user's `username`, `bio`, `avatar_media_id`, as far as given.

        Returns what REST answers to that; raises the owner's own refusals, or UNAVAILABLE.
        """
        ...

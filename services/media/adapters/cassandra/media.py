"""Files in Cassandra, with an index of files that may be unsent, and an index of files pending deletion."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from kernel.cassandra.expiry import Expiry, ExpiryIndex
from kernel.cassandra.session import CassandraSession
from kernel.ids import UserId
from kernel.time import Clock
from services.media.adapters.cassandra.file_list import CassandraFileList
from services.media.adapters.cassandra.media_rows import CassandraMediaRows
from services.media.model import Media, MediaId, Purpose

_MICROSECOND = timedelta(microseconds=1)


class CassandraMediaStore:
    """MediaStore in Cassandra, with the deletions that SentFiles needs."""

    def __init__(
        self,
        session: CassandraSession,
        *,
        rows: CassandraMediaRows,
        pictures: CassandraFileList,
        message_files: CassandraFileList,
        clock: Clock,
    ) -> None:
        self._rows = rows
        self._pictures = pictures
        self._message_files = message_files
        self._clock = clock
        self._unsent = ExpiryIndex(session, prefix="media", name="unsent")
        self._pending_deletion = ExpiryIndex(session, prefix="media", name="condemned")

    async def add(self, media: Media) -> None:
        # Add the file to an index before it is stored, so that every stored file is in one.
        if media.purpose is Purpose.MESSAGE:
            await self._unsent.add(Expiry(media.media_id, media.created_at))
            await self._message_files.add(media.owner_id, media.media_id)
        else:
            await self._pictures.add(media.owner_id, media.media_id)
        await self._rows.add(media)

    async def find(self, media_id: MediaId) -> Media | None:
        row = await self._rows.find(media_id)
        return row.media if row and row.exists else None

    async def message_files(self, owner_id: UserId) -> Sequence[MediaId]:
        return await self._message_files.of_user(owner_id)

    async def pending_deletion(self, *, limit: int) -> Sequence[MediaId]:
        found: list[MediaId] = []
        async for due in self._pending_deletion.until(self._clock.now()):
            found.append(MediaId(due.subject))
            if len(found) == limit:
                break
        return found

    async def mark_purged(self, media_id: MediaId) -> None:
        await self._rows.mark_purged(media_id)
        row = await self._rows.find(media_id)
        if row and row.deleted_at:
            await self._message_files.remove(row.media.owner_id, media_id)
            await self._pending_deletion.done(Expiry(media_id, row.deleted_at))

    async def delete(self, media_id: MediaId) -> bool:
        """Delete a file that is in no chat. Return False if the file is in a chat or was deleted before."""
        deleted = await self._rows.delete(media_id, at=self._clock.now())
        row = await self._rows.find(media_id)
        if row and row.deleted_at:
            # Do this even if an earlier call deleted the file: that node may have died before this write.
            await self._pending_deletion.add(Expiry(media_id, row.deleted_at))
        return deleted

    async def mark_maybe_unsent(self, media_id: MediaId) -> None:
        """Add the file to the index of files that may be unsent, because it may be in no chat now.

        `delete_unsent` checks it after the lifetime of unsent files.
        """
        await self._unsent.add(Expiry(media_id, self._clock.now()))

    async def delete_unsent(self, *, before: datetime, limit: int) -> Sequence[MediaId]:
        """Delete files that were added to the index before a time and are in no chat. Return the deleted files.

        Files that are in a chat are only removed from the index.
        """
        deleted: list[MediaId] = []
        async for due in self._unsent.until(before - _MICROSECOND):
            media_id = MediaId(due.subject)
            if await self.delete(media_id):
                deleted.append(media_id)
            await self._unsent.done(due)
            if len(deleted) == limit:
                break
        return deleted

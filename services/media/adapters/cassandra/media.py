"""Facts of files in Cassandra, and the lists of those that may be unsent and of those whose bytes are to be removed."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from kernel.cassandra.expiry import Expiry, ExpiryIndex
from kernel.cassandra.session import CassandraSession
from kernel.time import Clock
from services.media.adapters.cassandra.media_rows import CassandraMediaRows
from services.media.model import Media, MediaId, Purpose

_MICROSECOND = timedelta(microseconds=1)


class CassandraMediaStore:
    """MediaStore, and the deleting that SentFiles asks for."""

    def __init__(self, session: CassandraSession, *, rows: CassandraMediaRows, clock: Clock) -> None:
        self._rows = rows
        self._clock = clock
        self._unsent = ExpiryIndex(session, prefix="media", name="unsent")
        self._condemned = ExpiryIndex(session, prefix="media", name="condemned")

    async def add(self, media: Media) -> None:
        if media.purpose is Purpose.MESSAGE:
            # Before the file is known, so that none is left out.
            await self._unsent.add(Expiry(media.media_id, media.created_at))
        await self._rows.add(media)

    async def find(self, media_id: MediaId) -> Media | None:
        row = await self._rows.find(media_id)
        return row.media if row and row.is_there else None

    async def condemned(self, *, limit: int) -> Sequence[MediaId]:
        found: list[MediaId] = []
        async for due in self._condemned.until(self._clock.now()):
            found.append(MediaId(due.subject))
            if len(found) == limit:
                break
        return found

    async def bury(self, media_id: MediaId) -> None:
        await self._rows.bury(media_id)
        row = await self._rows.find(media_id)
        if row and row.condemned_at:
            await self._condemned.done(Expiry(media_id, row.condemned_at))

    async def delete(self, media_id: MediaId) -> bool:
        """Delete a file that is in no chat; False if it is in one, or was deleted before."""
        deleted = await self._rows.condemn(media_id, at=self._clock.now())
        row = await self._rows.find(media_id)
        if row and row.condemned_at:
            # Also when it was deleted before: whoever did may have died before this.
            await self._condemned.add(Expiry(media_id, row.condemned_at))
        return deleted

    async def doubt(self, media_id: MediaId) -> None:
        """It may be in no chat now: look again once it has been so for long enough."""
        await self._unsent.add(Expiry(media_id, self._clock.now()))

    async def delete_unsent(self, *, before: datetime, limit: int) -> Sequence[MediaId]:
        """Delete those that were listed before a time and are in no chat; the others come off the list."""
        deleted: list[MediaId] = []
        async for due in self._unsent.until(before - _MICROSECOND):
            media_id = MediaId(due.subject)
            if await self.delete(media_id):
                deleted.append(media_id)
            await self._unsent.done(due)
            if len(deleted) == limit:
                break
        return deleted

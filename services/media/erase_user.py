"""Delete the pictures of a user who deleted their account."""

import asyncio
from contextlib import suppress

from kernel.ids import UserId
from services.media.ports import LogProgress, UserPictures
from services.media.purge_deleted import PurgeDeleted

_RECHECK_SECONDS = 0.2


class EraseUser:
    """Pictures of groups stay. Which ones these are comes from the log."""

    def __init__(self, *, pictures: UserPictures, log: LogProgress, purge: PurgeDeleted, max_wait: float) -> None:
        """`max_wait`: the longest wait for unread records of the log, in seconds."""
        self._pictures = pictures
        self._log = log
        self._purge = purge
        self._max_wait = max_wait

    async def __call__(self, user_id: UserId) -> None:
        """Delete the files and purge their bytes. Safe to repeat."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._max_wait):
                await self._catch_up()
        await self._pictures.delete(user_id)
        await self._purge()
        await self._pictures.overwrite()

    async def _catch_up(self) -> None:
        """A group may have got one of the pictures a moment ago."""
        while await self._log.is_behind():
            await self._log.wait(_RECHECK_SECONDS)

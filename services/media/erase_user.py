"""Delete the pictures of a user who deleted their account."""

import asyncio
from contextlib import suppress

from kernel.ids import UserId
from services.media.ports import LogProgress, UserPictures
from services.media.purge_deleted import PurgeDeleted

_RECHECK_SECONDS = 0.2


class EraseUser:
    """Deletes the pictures that a user has uploaded. A picture that a group has had stays.

    The pictures of groups are known from the log, so the erasure first waits for its unread records.
    """

    def __init__(self, *, pictures: UserPictures, log: LogProgress, purge: PurgeDeleted, max_wait: float) -> None:
        """`max_wait`: longest time to wait for unread records of the log, in seconds."""
        self._pictures = pictures
        self._log = log
        self._purge = purge
        self._max_wait = max_wait

    async def __call__(self, user_id: UserId) -> int:
        """Delete the files and purge their bytes. Return the number of files. Safe to repeat."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._max_wait):
                await self._catch_up()
        deleted = await self._pictures.delete(user_id)
        await self._purge()
        await self._pictures.overwrite()
        return deleted

    async def _catch_up(self) -> None:
        """Wait until the log has no unread records: one of them may make a picture the picture of a group."""
        while await self._log.is_behind():
            await self._log.wait(_RECHECK_SECONDS)

"""Get a file, if the reader may see it."""

import asyncio

from history.chat_id import ChatId
from kernel.ids import UserId
from services.media.errors import media_forbidden, media_not_found
from services.media.model import Media, MediaId, Purpose
from services.media.ports import GroupMembers, LogProgress, MediaStore, SentFiles

# Another process may have applied the record, which does not wake this one.
_RECHECK_SECONDS = 0.2


class GetMedia:
    """A file is visible to its owner and to the members of the chats it was sent to; avatars are visible to everyone.

    A client can receive a message before this service has read it from the log. So, while the log has unread records,
    a refusal waits for them.
    """

    def __init__(
        self, *, media: MediaStore, sent: SentFiles, log: LogProgress, groups: GroupMembers, max_wait: float
    ) -> None:
        """`max_wait`: the longest wait before a refusal, in seconds."""
        self._media = media
        self._sent = sent
        self._log = log
        self._groups = groups
        self._max_wait = max_wait

    async def __call__(self, media_id: MediaId, *, reader: UserId) -> Media:
        """Raise NOT_FOUND `MEDIA_NOT_FOUND`, PERMISSION_DENIED `MEDIA_FORBIDDEN`."""
        media = await self.unchecked(media_id)
        if media.owner_id == reader or media.purpose is Purpose.AVATAR or await self._was_sent_to(media_id, reader):
            return media
        try:
            async with asyncio.timeout(self._max_wait):
                await self._wait_until_sent_to(media_id, reader)
        except TimeoutError:
            raise media_forbidden() from None
        return media

    async def unchecked(self, media_id: MediaId) -> Media:
        """Return a file for a reader with a signed link. Raise `MEDIA_NOT_FOUND`."""
        media = await self._media.find(media_id)
        if media is None:
            raise media_not_found()
        return media

    async def _wait_until_sent_to(self, media_id: MediaId, reader: UserId) -> None:
        while True:
            # Read first, so that a record applied between the two reads is not missed.
            behind = await self._log.is_behind()
            if await self._was_sent_to(media_id, reader):
                return
            if not behind:
                raise media_forbidden()
            await self._log.wait(_RECHECK_SECONDS)

    async def _was_sent_to(self, media_id: MediaId, reader: UserId) -> bool:
        chats = [ChatId(chat_id) for chat_id in await self._sent.chats(media_id)]
        if any(reader in chat_id.members for chat_id in chats):
            return True
        for chat_id in chats:
            if not chat_id.is_direct and await self._groups.includes(chat_id, reader):
                return True
        return False

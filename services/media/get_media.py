"""Who may see a file: its owner, who was sent it, and everybody if it is a picture of a user or a group."""

import asyncio

from kernel.ids import UserId
from services.media.errors import media_forbidden, media_not_found
from services.media.model import Media, MediaId, Purpose, direct_chat_members
from services.media.ports import GroupMembers, LogNews, MediaStore, SentFiles

# Another process may have applied the news: nothing tells of that here.
_RECHECK_SECONDS = 0.2


class GetMedia:
    """Finds a file for somebody who may see it.

    A message may arrive before this service has read of it: while the log holds news, a refusal waits for it.
    """

    def __init__(
        self, *, media: MediaStore, sent: SentFiles, news: LogNews, groups: GroupMembers, patience: float
    ) -> None:
        """`patience`: how many seconds a refusal waits at most."""
        self._media = media
        self._sent = sent
        self._news = news
        self._groups = groups
        self._patience = patience

    async def __call__(self, media_id: MediaId, *, reader: UserId) -> Media:
        """Raises NOT_FOUND `MEDIA_NOT_FOUND`, PERMISSION_DENIED `MEDIA_FORBIDDEN`."""
        media = await self.unchecked(media_id)
        if media.owner_id == reader or media.purpose is Purpose.AVATAR or await self._was_sent_to(media_id, reader):
            return media
        try:
            async with asyncio.timeout(self._patience):
                await self._until_sent_to(media_id, reader)
        except TimeoutError:
            raise media_forbidden() from None
        return media

    async def unchecked(self, media_id: MediaId) -> Media:
        """For a reader whose right was proved otherwise, by a signed link; raises `MEDIA_NOT_FOUND`."""
        media = await self._media.find(media_id)
        if media is None:
            raise media_not_found()
        return media

    async def _until_sent_to(self, media_id: MediaId, reader: UserId) -> None:
        while True:
            # Asked first: what is applied between the two questions must not be missed.
            behind = await self._news.is_behind()
            if await self._was_sent_to(media_id, reader):
                return
            if not behind:
                raise media_forbidden()
            await self._news.wait(_RECHECK_SECONDS)

    async def _was_sent_to(self, media_id: MediaId, reader: UserId) -> bool:
        chats = await self._sent.chats(media_id)
        if any(reader in (direct_chat_members(chat_id) or ()) for chat_id in chats):
            return True
        for chat_id in chats:
            if direct_chat_members(chat_id) is None and await self._groups.includes(chat_id, reader):
                return True
        return False

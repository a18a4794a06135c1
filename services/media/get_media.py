"""Return a file to a reader who may see it."""

import asyncio
from uuid import UUID

from history.chat_id import ChatId
from kernel.ids import UserId, time_key
from services.media.errors import media_forbidden, media_not_found
from services.media.model import Media, MediaId, Purpose
from services.media.ports import GroupMessages, LogProgress, MediaStore, SentFiles

# Another process may apply the record, which does not wake this one. So this one checks again after this time.
_RECHECK_SECONDS = 0.2
# A user can send one file to a group many times, and each message that the reader may not see costs a call.
_MOST_MESSAGES = 50


class GetMedia:
    """Returns files to readers who may see them.

    The owner of a file may see it, and so may everyone who may see a message that contains it: both users of a 1:1
    chat, and in a group the members from whom the message is not hidden. Everyone may see avatars. A client can receive
    a message before this service has read the message from the log. So a reader is refused only when the log has no
    unread records, or after `max_wait`.
    """

    def __init__(
        self, *, media: MediaStore, sent: SentFiles, log: LogProgress, groups: GroupMessages, max_wait: float
    ) -> None:
        """`max_wait`: longest time to wait before a reader is refused, in seconds."""
        self._media = media
        self._sent = sent
        self._log = log
        self._groups = groups
        self._max_wait = max_wait

    async def __call__(self, media_id: MediaId, *, reader: UserId) -> Media:
        """Return the file. Raise NOT_FOUND `MEDIA_NOT_FOUND`, PERMISSION_DENIED `MEDIA_FORBIDDEN`."""
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
        """Return a file without a check, for a reader with a signed link. Raise `MEDIA_NOT_FOUND`."""
        media = await self._media.find(media_id)
        if media is None:
            raise media_not_found()
        return media

    async def _wait_until_sent_to(self, media_id: MediaId, reader: UserId) -> None:
        while True:
            # Read the lag before the chats, so that a record that is applied between the two reads is not missed.
            behind = await self._log.is_behind()
            if await self._was_sent_to(media_id, reader):
                return
            if not behind:
                raise media_forbidden()
            await self._log.wait(_RECHECK_SECONDS)

    async def _was_sent_to(self, media_id: MediaId, reader: UserId) -> bool:
        chats: dict[ChatId, list[str]] = {}
        for message in await self._sent.messages_with(media_id):
            chats.setdefault(ChatId(message.chat_id), []).append(message.message_id)
        if any(reader in chat_id.members for chat_id in chats):
            return True
        for chat_id, message_ids in chats.items():
            newest = sorted(message_ids, key=_time_key, reverse=True)[:_MOST_MESSAGES]
            if not chat_id.is_direct and await self._groups.sees_any(chat_id, newest, reader):
                return True
        return False


def _time_key(message_id: str) -> bytes:
    return time_key(UUID(message_id))

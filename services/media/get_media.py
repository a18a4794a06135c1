"""Return a file to a reader who may see it."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from history.chat_id import ChatId
from kernel.ids import UserId, time_key
from kernel.time import Clock
from services.media.errors import media_forbidden, media_not_found
from services.media.model import Media, MediaId, MessageKey, Purpose
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
    unread records, or after `max_wait`. A file that was not sent for `unsent_lifetime` will be deleted, so its owner
    does not see it either and cannot send it any more.
    """

    def __init__(
        self,
        *,
        media: MediaStore,
        sent: SentFiles,
        log: LogProgress,
        groups: GroupMessages,
        clock: Clock,
        unsent_lifetime: timedelta,
        max_wait: float,
    ) -> None:
        """`max_wait`: longest time to wait before a reader is refused, in seconds."""
        self._media = media
        self._sent = sent
        self._log = log
        self._groups = groups
        self._clock = clock
        self._unsent_lifetime = unsent_lifetime
        self._max_wait = max_wait

    async def __call__(self, media_id: MediaId, *, reader: UserId) -> Media:
        """Return the file. Raise NOT_FOUND `MEDIA_NOT_FOUND`, PERMISSION_DENIED `MEDIA_FORBIDDEN`."""
        media = await self.unchecked(media_id)
        is_own = media.owner_id == reader
        if media.purpose is Purpose.AVATAR or (is_own and self._is_new(media)):
            return media
        if await self._was_sent_by_now(media_id, None if is_own else reader):
            return media
        raise media_not_found() if is_own else media_forbidden()

    async def unchecked(self, media_id: MediaId) -> Media:
        """Return a file without a check, for a reader with a signed link. Raise `MEDIA_NOT_FOUND`."""
        media = await self._media.find(media_id)
        if media is None:
            raise media_not_found()
        return media

    def _is_new(self, media: Media) -> bool:
        return media.created_at > self._clock.now() - self._unsent_lifetime

    async def _was_sent_by_now(self, media_id: MediaId, reader: UserId | None) -> bool:
        """Return `_was_sent` after the unread records are applied, but at the latest after `max_wait`."""
        if await self._was_sent(media_id, reader):
            return True
        try:
            async with asyncio.timeout(self._max_wait):
                while True:
                    # Read the lag before the chats: a record applied between the two reads is not missed.
                    behind = await self._log.is_behind()
                    if (sent := await self._was_sent(media_id, reader)) or not behind:
                        return sent
                    await self._log.wait(_RECHECK_SECONDS)
        except TimeoutError:
            return False

    async def _was_sent(self, media_id: MediaId, reader: UserId | None) -> bool:
        """Return whether a file was sent to a chat of the reader. With None, any chat counts."""
        messages = await self._sent.messages_with(media_id)
        return bool(messages) if reader is None else await self._sees_any(messages, reader)

    async def _sees_any(self, messages: Sequence[MessageKey], reader: UserId) -> bool:
        chats: dict[ChatId, list[str]] = {}
        for message in messages:
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

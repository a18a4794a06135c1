"""Ports of messaging's use cases. The ports of the log, the bus and the store are in `kernel` and `history`."""

from collections.abc import Collection
from typing import Protocol

from history.chat_id import ChatId
from kernel.ids import UserId
from services.messaging.model import Blocks, MediaFile


class UserDirectory(Protocol):
    """Looks up existing users and their blocks. Answers may be seconds old, or 10 min while auth is unavailable."""

    async def blocks(self, user_ids: Collection[UserId]) -> Blocks:
        """Return the users whom each of the given users blocks. Unknown and deleted users are left out.

        `user_ids` may have any length. Raise UNAVAILABLE `SERVICE_UNAVAILABLE` if the users cannot be looked up.
        """
        ...


class MediaLibrary(Protocol):
    """Looks up uploaded files, with the rights of the calling user."""

    async def media(self, media_id: str) -> MediaFile:
        """Return one file; raise MEDIA_NOT_FOUND, MEDIA_FORBIDDEN, MEDIA_NOT_READY or SERVICE_UNAVAILABLE."""
        ...


class TypingSignal(Protocol):
    """Sends typing notifications. They are not stored, and may be lost without an error."""

    async def typing(
        self, chat_id: ChatId, user_id: UserId, *, active: bool, hidden_from: Collection[UserId] = ()
    ) -> None:
        """Notify the members of a chat, except those in `hidden_from`, that one of them started or stopped typing."""
        ...

"""What messaging's use cases need from the log and from other services, and what they may count on."""

from collections.abc import Collection
from typing import Protocol

from history.chat_id import ChatId
from history.model import ChatEvent
from kernel.ids import UserId
from services.messaging.model import Blocks, MediaFile


class Journal(Protocol):
    """The one way that every lasting change takes."""

    async def record(self, *events: ChatEvent) -> None:
        """Return once changes of one chat are durable; from then on this node reads them, and the others hear soon.

        Raise UNAVAILABLE `LOG_UNAVAILABLE` if that cannot be known: recording the same events again is harmless.
        """
        ...


class UserDirectory(Protocol):
    """Who exists, and who blocks whom. Answers may be some seconds old."""

    async def blocks(self, user_ids: Collection[UserId]) -> Blocks:
        """Those of the users that exist and are not deleted; any number of them.

        Raise UNAVAILABLE `SERVICE_UNAVAILABLE` if that cannot be known.
        """
        ...


class MediaLibrary(Protocol):
    """Uploaded files, seen with the rights of the user who is calling."""

    async def media(self, media_id: str) -> MediaFile:
        """One file; raise MEDIA_NOT_FOUND, MEDIA_FORBIDDEN, MEDIA_NOT_READY or SERVICE_UNAVAILABLE."""
        ...


class TypingSignal(Protocol):
    """Tells the members of a chat that one of them types. Not kept; may be lost without a word."""

    async def typing(self, chat_id: ChatId, user_id: UserId, *, active: bool) -> None: ...


class SendMeter(Protocol):
    """Counts what came of sends."""

    def accepted(self) -> None:
        """A message was made."""
        ...

    def repeated(self) -> None:
        """A send was answered with the message that it had made before."""
        ...

"""What live delivery needs from its surroundings."""

from collections.abc import Collection, Mapping
from enum import Enum, auto
from typing import Protocol

from history.chat_id import ChatId
from history.model import ChatEvent, ChatState
from history.view import Replay
from kernel.ids import UserId


class ResyncCause(Enum):
    """Why a replay is not possible."""

    TOO_OLD = auto()
    OTHER_LOG = auto()


class EventWire(Protocol):
    """Makes serialized SubscribeResponses. Joined as bytes they are one response."""

    def event(self, event: ChatEvent, state: ChatState | None, *, viewer: UserId | None = None) -> bytes:
        """A lasting event. `viewer`: it goes to this user alone, whom their own joining tells of a new chat.

        `state`: the chat's, the event included; needed where `rendering.needs_state` says so.
        """
        ...

    def cursor(self, cursor: str) -> bytes:
        """No event, but where to go on."""
        ...


class StreamWire(Protocol):
    """What a stream says about itself, as serialized SubscribeResponses."""

    def caught_up(self, replayed: int) -> bytes: ...

    def heartbeat(self) -> bytes: ...

    def resync(self, cause: ResyncCause) -> bytes: ...

    def reconnect(self, delay_ms: int) -> bytes: ...


class ChatLookup(Protocol):
    """Chats as they are now, hot tail included."""

    async def chat(self, chat_id: ChatId) -> ChatState | None:
        """None: nothing ever happened there."""
        ...


class Past(Protocol):
    """What a stream that comes, or lost touch, has to be told. The hot tail is included."""

    async def chats_of(self, user_id: UserId) -> Collection[ChatId]:
        """Every chat that a user is or was in."""
        ...

    async def outlines(self, ids: Collection[ChatId], user_id: UserId) -> Mapping[ChatId, ChatState]:
        """Chats in which anything ever happened; of the people in them only this one is sure to be told of."""
        ...

    async def missed(
        self, user_id: UserId, since: Mapping[int, int], *, chats: Collection[ChatId] | None = None, limit: int
    ) -> Replay:
        """Events after `since` (partition → offset; a partition left out: from its start) that the user may see.

        `chats`: only of these. None: of every chat that the user is or was in.
        """
        ...

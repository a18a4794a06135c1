"""Events and signals of a stream as bytes. The protobuf side is `api/mapping/live.py`."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol
from uuid import UUID

from history.chat_id import ChatId
from history.fold import apply_to_chat
from history.model import ChatEvent, ChatState, GroupUpdated, MemberSet
from kernel.ids import UserId


@dataclass(frozen=True, slots=True, eq=False)
class Delivery:
    """One serialized SubscribeResponse. The same object waits in the send queue of every stream it goes to."""

    data: bytes
    event_id: UUID | None = None
    """None: the event is ephemeral, and is dropped first when a queue is full."""
    chat_id: ChatId | None = None


class ResyncCause(Enum):
    """Why the events after a cursor cannot be replayed."""

    TOO_OLD = auto()
    OTHER_LOG = auto()


class EventEncoder(Protocol):
    """Encodes serialized SubscribeResponses. Several of them, joined as bytes, are one response."""

    def event(self, event: ChatEvent, state: ChatState | None, *, viewer: UserId | None = None) -> bytes:
        """Encode a lasting event.

        `state`: the chat after the event, for an event that is sent with the chat's details. `viewer`: the event goes
        to this user alone, who joins the chat by it.
        """
        ...

    def cursor(self, cursor: str) -> bytes:
        """Encode the cursor from which a client resumes."""
        ...


class SignalEncoder(Protocol):
    """Encodes the signals that a stream sends about itself, as serialized SubscribeResponses."""

    def caught_up(self, replayed: int) -> bytes: ...

    def heartbeat(self) -> bytes: ...

    def resync(self, cause: ResyncCause) -> bytes: ...

    def reconnect(self, delay_ms: int) -> bytes: ...


class ChatLookup(Protocol):
    """The current state of chats, unstored events included."""

    async def chat(self, chat_id: ChatId) -> ChatState | None:
        """Return None if nothing ever happened in the chat."""
        ...


class DeliveryEncoder:
    """Turns events into deliveries. Looks up the chat of the few events that are sent with the chat's details."""

    def __init__(self, *, encoder: EventEncoder, chats: ChatLookup) -> None:
        self._encoder = encoder
        self._chats = chats

    async def delivery(self, event: ChatEvent, *, viewer: UserId | None = None) -> Delivery:
        """Return the event as all members receive it; with `viewer`, as that user receives it, whose membership it
        sets.

        Raise the errors of the lookup.
        """
        state = None
        if isinstance(event.change, GroupUpdated) or (viewer is not None and isinstance(event.change, MemberSet)):
            # The lookup may be behind the bus.
            state = apply_to_chat(await self._chats.chat(event.chat_id), event)
        return Delivery(self._encoder.event(event, state, viewer=viewer), event.event_id, event.chat_id)

"""Encoding of a stream's events and signals as bytes. The protobuf side is `api/mapping/live.py`."""

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
    """One serialized SubscribeResponse. The send queues of all its streams contain the same object."""

    data: bytes
    event_id: UUID | None = None
    """None for ephemeral events and for signals. A full queue drops these first."""
    chat_id: ChatId | None = None


class ResyncCause(Enum):
    """The reason why the events after a cursor cannot be replayed."""

    TOO_OLD = auto()
    OTHER_LOG = auto()


class EventEncoder(Protocol):
    """Serializes events as SubscribeResponses. Several serialized responses, joined as bytes, are one response."""

    def event(self, event: ChatEvent, state: ChatState | None, *, viewer: UserId | None = None) -> bytes:
        """Encode a lasting event.

        `state` is the chat after the event. It is needed for events that are sent with the chat's details. With
        `viewer`, encode the event for this user alone, whose membership it sets.
        """
        ...

    def cursor(self, cursor: str) -> bytes:
        """Encode the cursor from which a client resumes."""
        ...


class SignalEncoder(Protocol):
    """Serializes a stream's signals, such as heartbeats, as SubscribeResponses."""

    def caught_up(self, replayed: int) -> bytes: ...

    def heartbeat(self) -> bytes: ...

    def resync(self, cause: ResyncCause) -> bytes: ...

    def reconnect(self, delay_ms: int) -> bytes: ...


class ChatLookup(Protocol):
    """Looks up the current state of chats, unstored events included."""

    async def chat(self, chat_id: ChatId) -> ChatState | None:
        """Return the chat's state, or None if the chat has no events."""
        ...


class DeliveryEncoder:
    """Turns events into deliveries. For the few events that are sent with the chat's details, it looks up the chat."""

    def __init__(self, *, encoder: EventEncoder, chats: ChatLookup) -> None:
        self._encoder = encoder
        self._chats = chats

    async def delivery(self, event: ChatEvent, *, viewer: UserId | None = None) -> Delivery:
        """Return the event as every member receives it, or with `viewer` as this user receives it.

        The event must set the membership of `viewer`. Raise the errors of the lookup.
        """
        state = None
        if isinstance(event.change, GroupUpdated) or (viewer is not None and isinstance(event.change, MemberSet)):
            # The bus may be ahead of the lookup, so the looked-up state may lack this event.
            state = apply_to_chat(await self._chats.chat(event.chat_id), event)
        return Delivery(self._encoder.event(event, state, viewer=viewer), event.event_id, event.chat_id)

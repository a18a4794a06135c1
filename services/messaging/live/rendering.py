"""Turns lasting events into deliveries, looking up the chat where its details are part of what is told."""

from history.fold import apply_to_chat
from history.model import ChatEvent, ChatState, GroupUpdated, MemberSet
from kernel.ids import UserId
from services.messaging.live.outbox import Delivery
from services.messaging.live.ports import ChatLookup, EventWire


class Rendering:
    """Bytes of events. Raises what the lookup raises, and asks it only for the few events that need it."""

    def __init__(self, *, wire: EventWire, chats: ChatLookup) -> None:
        self._wire = wire
        self._chats = chats

    async def delivery(self, event: ChatEvent, *, viewer: UserId | None = None) -> Delivery:
        """One event as everybody gets it, or, with `viewer`, as the one does whose place it changes."""
        state = await self._state_after(event) if needs_state(event, viewer) else None
        return Delivery(self._wire.event(event, state, viewer=viewer), event.event_id, event.chat_id)

    async def _state_after(self, event: ChatEvent) -> ChatState:
        # The lookup may be behind the bus.
        return apply_to_chat(await self._chats.chat(event.chat_id), event)


def needs_state(event: ChatEvent, viewer: UserId | None) -> bool:
    """Whether the event is told with the chat's details."""
    return isinstance(event.change, GroupUpdated) or (viewer is not None and isinstance(event.change, MemberSet))

"""What the group use cases share: seats that stay true while a change is made, and the recording of changed roles."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from history.chat_id import ChatId
from history.fold import apply_to_chat
from history.model import ChatEvent, ChatState, MemberSet
from history.view import ChatOverview, History
from kernel.ids import UserId
from kernel.locks import KeyedLock
from services.messaging.events import Events
from services.messaging.members import Members
from services.messaging.model import RoleChange, Seat
from services.messaging.ports import Journal


class Groups:
    """Changes of one group are made one after the other, so that each is decided on what the last one left."""

    def __init__(self, *, members: Members, history: History, events: Events, journal: Journal) -> None:
        self._members = members
        self._history = history
        self._events = events
        self._journal = journal
        self._locks = KeyedLock()

    @asynccontextmanager
    async def change(self, chat_id: ChatId, user_id: UserId) -> AsyncIterator[Seat]:
        """The user's seat; nobody else changes the group through this node meanwhile."""
        async with self._locks.hold(chat_id):
            yield await self._members.in_group(chat_id, user_id)

    async def overview(self, seat: Seat) -> ChatOverview:
        """The group as the one sees it who sits there. Asked for before a change, so that nothing can fail after it."""
        return await self._history.overview(seat.state, seat.user_id)

    async def set_roles(self, seat: Seat, changes: Sequence[RoleChange]) -> ChatState:
        """Record each change; the group after them. Who joins or leaves is named in the event's audience."""
        events = [self._role_event(seat, change) for change in changes]
        return await self.record(seat, events)

    async def record(self, seat: Seat, events: Sequence[ChatEvent]) -> ChatState:
        """Record events; the group after them."""
        await self._journal.record(*events)
        state = seat.state
        for event in events:
            state = apply_to_chat(state, event)
        return state

    def _role_event(self, seat: Seat, change: RoleChange) -> ChatEvent:
        moves = change.before is None or change.after is None
        before = seat.state.memberships.get(change.user_id)
        event_id = self._events.next_id(seat, after=[before.event_id if before else None])
        return self._events.make(
            seat,
            MemberSet(change.user_id, change.after),
            event_id=event_id,
            audience=(change.user_id,) if moves else (),
        )


def after(overview: ChatOverview, state: ChatState) -> ChatOverview:
    """The overview of a group that has changed since."""
    return replace(overview, state=state)

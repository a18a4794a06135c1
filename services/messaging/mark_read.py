"""Moves a member's read mark, only forward."""

from uuid import UUID

from history.model import ReadMarkMoved
from history.view import History
from kernel.ids import UserId, time_key
from kernel.locks import KeyedLock
from services.messaging.events import Events
from services.messaging.members import Members
from services.messaging.messages import require_any_message
from services.messaging.model import ChatRef, ReadTo
from services.messaging.ports import Journal


class MarkRead:
    def __init__(self, *, members: Members, history: History, events: Events, journal: Journal) -> None:
        self._members = members
        self._history = history
        self._events = events
        self._journal = journal
        self._locks = KeyedLock()

    async def __call__(self, chat: ChatRef, message_id: UUID, *, reader: UserId) -> ReadTo:
        """Where the mark is now; an older message than that changes nothing.

        Errors: as MessagingService.MarkRead lists them.
        """
        # A client that scrolls asks often: what is no step forward becomes no event.
        async with self._locks.hold(reader, chat):
            seat = await self._members.reading(chat, reader)
            mark = seat.state.read_marks.get(reader)
            if mark is None or time_key(message_id) > time_key(mark):
                await require_any_message(self._history, seat, message_id)
                event_id = self._events.next_id(seat, after=[message_id])
                await self._journal.record(self._events.make(seat, ReadMarkMoved(message_id), event_id=event_id))
                mark = message_id
        return ReadTo(mark, await self._history.unread(seat.chat_id, reader, mark=mark))

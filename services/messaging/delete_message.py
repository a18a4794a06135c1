"""Deletes a message, for oneself or for everyone."""

from uuid import UUID

from history.model import MessageDeleted
from history.view import History
from kernel.ids import UserId
from services.messaging.events import Events
from services.messaging.members import Members
from services.messaging.messages import require_any_message, require_sender
from services.messaging.model import ChatRef
from services.messaging.ports import Journal


class DeleteMessage:
    """Also for messages to people who are blocked or gone: taking back is always possible."""

    def __init__(self, *, members: Members, history: History, events: Events, journal: Journal) -> None:
        self._members = members
        self._history = history
        self._events = events
        self._journal = journal

    async def __call__(self, chat: ChatRef, message_id: UUID, *, for_everyone: bool, user_id: UserId) -> None:
        """Again is not an error. Errors: as MessagingService.DeleteMessage lists them."""
        seat = await self._members.reading(chat, user_id)
        message = await require_any_message(self._history, seat, message_id)
        if for_everyone:
            require_sender(seat, message)
            gone = message.deleted_for_everyone
        else:
            gone = await self._history.message(seat.chat_id, message_id, viewer=user_id) is None
        if not gone:
            event_id = self._events.next_id(seat, after=[message_id])
            change = MessageDeleted(message_id, for_everyone=for_everyone)
            await self._journal.record(self._events.make(seat, change, event_id=event_id))

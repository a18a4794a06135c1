"""Changes the text of one's own message."""

from dataclasses import replace
from uuid import UUID

from history.model import Message, MessageEdited
from history.view import History
from kernel.ids import UserId
from services.messaging.events import Events
from services.messaging.members import Members
from services.messaging.messages import require_live_message, require_sender
from services.messaging.model import ChatRef
from services.messaging.ports import Journal
from services.messaging.text import require_visible


class EditMessage:
    def __init__(self, *, members: Members, history: History, events: Events, journal: Journal) -> None:
        self._members = members
        self._history = history
        self._events = events
        self._journal = journal

    async def __call__(self, chat: ChatRef, message_id: UUID, text: str, *, editor: UserId) -> Message:
        """The message with its new text; the same text again changes nothing. Errors: as EditMessage lists them."""
        seat = await self._members.writing(chat, editor)
        message = await require_live_message(self._history, seat, message_id)
        require_sender(seat, message)
        require_visible("text", text)
        if message.text == text:
            return message
        event_id = self._events.next_id(seat, after=[message_id])
        event = self._events.make(seat, MessageEdited(message_id, text), event_id=event_id)
        await self._journal.record(event)
        return replace(message, text=text, edited_at=event.occurred_at)

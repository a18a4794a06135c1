"""Changes the text of a message."""

from dataclasses import replace
from uuid import UUID

from history.model import Message, MessageEdited
from kernel.ids import UserId
from services.messaging.authorizer import ChatAuthorizer
from services.messaging.event_publisher import EventPublisher
from services.messaging.messages import Messages, require_sender
from services.messaging.model import ChatRef
from services.messaging.text import require_visible


class EditMessage:
    def __init__(self, *, authorizer: ChatAuthorizer, messages: Messages, events: EventPublisher) -> None:
        self._authorizer = authorizer
        self._messages = messages
        self._events = events

    async def __call__(self, chat: ChatRef, message_id: UUID, text: str, *, editor: UserId) -> Message:
        """Return the message with its new text. If the text does not change, publish nothing.

        Errors: see MessagingService.EditMessage.
        """
        access = await self._authorizer.to_write(chat, editor)
        message, earlier = await self._messages.find_undeleted(access, message_id)
        require_sender(access, message)
        require_visible("text", text)
        if message.text == text:
            return message
        event = await self._events.publish_change(access, MessageEdited(message_id, text), after=earlier)
        return replace(message, text=text, edited_at=event.occurred_at, edit_id=event.event_id)

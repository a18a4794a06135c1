"""Deletes a message, for its caller or for everyone."""

from uuid import UUID

from history.model import MessageDeleted
from history.view import History
from kernel.ids import UserId
from services.messaging.authorizer import ChatAuthorizer
from services.messaging.event_publisher import EventPublisher
from services.messaging.messages import Messages, require_sender
from services.messaging.model import ChatRef


class DeleteMessage:
    """Requires read access only, so that users can delete a message even if the other user is blocked or deleted."""

    def __init__(
        self, *, authorizer: ChatAuthorizer, history: History, messages: Messages, events: EventPublisher
    ) -> None:
        self._authorizer = authorizer
        self._history = history
        self._messages = messages
        self._events = events

    async def __call__(self, chat: ChatRef, message_id: UUID, *, for_everyone: bool, user_id: UserId) -> None:
        """Delete a message; do nothing if it was deleted before. Errors: see MessagingService.DeleteMessage."""
        access = await self._authorizer.to_read(chat, user_id)
        message, earlier = await self._messages.find_to_change(access, message_id, deleted_too=True)
        if for_everyone:
            require_sender(access, message)
            is_deleted = message.deleted_for_everyone
        else:
            is_deleted = await self._history.message(access.chat_id, message_id, viewer=access.viewer) is None
        if not is_deleted:
            change = MessageDeleted(message_id, for_everyone=for_everyone)
            await self._events.publish_change(access, change, after=earlier)

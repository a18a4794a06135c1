"""Gets one message."""

from uuid import UUID

from history.model import Message
from history.view import History
from kernel.ids import UserId
from services.messaging.members import Members
from services.messaging.messages import require_message
from services.messaging.model import ChatRef


class GetMessage:
    def __init__(self, *, members: Members, history: History) -> None:
        self._members = members
        self._history = history

    async def __call__(self, chat: ChatRef, message_id: UUID, *, viewer: UserId) -> Message:
        """The message as the viewer sees it; without content if it was deleted for everyone.

        Errors: as MessagingService.GetMessage lists them.
        """
        seat = await self._members.reading(chat, viewer)
        return await require_message(self._history, seat, message_id)

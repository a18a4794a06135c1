"""Lists the reactions on a message."""

from collections.abc import Sequence
from uuid import UUID

from history.model import Reaction
from history.view import History
from kernel.ids import UserId
from services.messaging.members import Members
from services.messaging.messages import require_message
from services.messaging.model import ChatRef


class ListReactions:
    def __init__(self, *, members: Members, history: History) -> None:
        self._members = members
        self._history = history

    async def __call__(self, chat: ChatRef, message_id: UUID, *, viewer: UserId) -> Sequence[Reaction]:
        """In the order in which they came. Errors: as MessagingService.ListReactions lists them."""
        seat = await self._members.reading(chat, viewer)
        return (await require_message(self._history, seat, message_id)).reactions

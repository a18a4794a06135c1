"""Gets one chat."""

from history.view import ChatOverview, History
from kernel.ids import UserId
from services.messaging.members import Members
from services.messaging.model import ChatRef


class GetChat:
    def __init__(self, *, members: Members, history: History) -> None:
        self._members = members
        self._history = history

    async def __call__(self, chat: ChatRef, *, viewer: UserId) -> ChatOverview:
        """The chat as the viewer sees it; for two people also before their first message.

        Errors: NOT_A_MEMBER, USER_NOT_FOUND, NOT_WITH_ONESELF.
        """
        seat = await self._members.reading(chat, viewer)
        return await self._history.overview(seat.state, viewer)

"""Leaves a group."""

from history.audience import members_of
from history.chat_id import ChatId
from kernel.ids import UserId
from services.messaging.groups import Groups
from services.messaging.roles import removal


class LeaveGroup:
    def __init__(self, *, groups: Groups) -> None:
        self._groups = groups

    async def __call__(self, chat_id: ChatId, *, user_id: UserId) -> None:
        """Errors: as MessagingService.LeaveGroup lists them."""
        async with self._groups.change(chat_id, user_id) as seat:
            await self._groups.set_roles(seat, removal(members_of(seat.state), user_id, user_id))

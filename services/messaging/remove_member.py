"""Takes a member out of a group."""

from history.audience import members_of
from history.chat_id import ChatId
from history.view import ChatOverview
from kernel.ids import UserId
from services.messaging.groups import Groups, after
from services.messaging.roles import removal


class RemoveMember:
    def __init__(self, *, groups: Groups) -> None:
        self._groups = groups

    async def __call__(self, chat_id: ChatId, user_id: UserId, *, actor: UserId) -> ChatOverview:
        """The group after it; one who is not in it changes nothing. Removing oneself is leaving.

        Errors: as MessagingService.RemoveMember lists them.
        """
        async with self._groups.change(chat_id, actor) as seat:
            changes = removal(members_of(seat.state), actor, user_id)
            overview = await self._groups.overview(seat)
            return after(overview, await self._groups.set_roles(seat, changes))

"""Adds members to a group, or gives members another role."""

from collections.abc import Collection

from history.audience import members_of
from history.chat_id import ChatId
from history.model import Role
from history.view import ChatOverview
from kernel.ids import UserId
from services.messaging.groups import Groups, after
from services.messaging.ports import UserDirectory
from services.messaging.roles import additions
from services.messaging.user_blocks import require_peers


class AddMembers:
    def __init__(self, *, groups: Groups, directory: UserDirectory) -> None:
        self._groups = groups
        self._directory = directory

    async def __call__(
        self, chat_id: ChatId, user_ids: Collection[UserId], role: Role | None, *, actor: UserId
    ) -> ChatOverview:
        """The group after it. `role` None: new ones become members, members stay as they are.

        Errors: as MessagingService.AddMembers lists them.
        """
        async with self._groups.change(chat_id, actor) as seat:
            changes = additions(members_of(seat.state), actor, user_ids, role)
            joining = [change.user_id for change in changes if change.before is None]
            if joining:
                await require_peers(self._directory, actor, joining)
            overview = await self._groups.overview(seat)
            return after(overview, await self._groups.set_roles(seat, changes))

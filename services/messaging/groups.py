"""Changes of a group: its details, its members and their roles."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from history.audience import members_of, role_in
from history.chat_id import ChatId
from history.fold import apply_to_chat
from history.model import ChatEvent, ChatState, GroupUpdated, LwwRegister, Role
from history.view import ChatOverview, History
from history.visibility import set_membership, visibility_of
from kernel.ids import UserId
from kernel.locks import KeyedLock
from services.messaging.authorizer import ChatAuthorizer
from services.messaging.event_publisher import EventPublisher
from services.messaging.media import require_avatar
from services.messaging.model import ChatAccess, Details, RoleChange
from services.messaging.ownership import GroupOwnership
from services.messaging.ports import MediaLibrary, UserDirectory
from services.messaging.roles import additions, removal, require_role
from services.messaging.text import require_storable, require_visible
from services.messaging.user_blocks import require_unblocked


class Groups:
    """Changes the details and members of groups.

    A node runs the changes of one group one after the other, so that each decision sees the result of the previous one.
    All methods except `leave` return the group after the change, as the caller sees it. A change without effect
    publishes nothing.
    """

    def __init__(
        self,
        *,
        authorizer: ChatAuthorizer,
        history: History,
        directory: UserDirectory,
        media: MediaLibrary,
        events: EventPublisher,
        ownership: GroupOwnership,
    ) -> None:
        self._authorizer = authorizer
        self._ownership = ownership
        self._history = history
        self._directory = directory
        self._media = media
        self._events = events
        self._locks = KeyedLock()

    async def update(self, chat_id: ChatId, details: Details, *, user_id: UserId) -> ChatOverview:
        """Change the title, description, picture or history visibility. Errors: see MessagingService.UpdateGroup."""
        async with self._locks.hold(chat_id):
            access = await self._owned_group(chat_id, user_id)
            state = access.state
            require_role(members_of(state), user_id, Role.ADMIN)
            change = _changed(state, details)
            await self._require_valid(change, user_id)
            overview = await self._history.overview(state, user_id)
            if change == GroupUpdated():
                return overview
            registers = (state.title, state.description, state.avatar_media_id, state.history_visibility)
            after = [register.event_id for register in registers if register is not None]
            event = await self._events.publish_change(access, change, after=after)
            return replace(overview, state=apply_to_chat(state, event))

    async def add_members(
        self, chat_id: ChatId, user_ids: Collection[UserId], role: Role | None, *, actor: UserId
    ) -> ChatOverview:
        """Add members, or change the role of members.

        If `role` is None, new users become MEMBER and members keep their role. Errors: see MessagingService.AddMembers.
        """
        async with self._locks.hold(chat_id):
            access = await self._owned_group(chat_id, actor)
            changes = additions(members_of(access.state), actor, user_ids, role)
            joining = [change.user_id for change in changes if change.before is None]
            if joining:
                await require_unblocked(self._directory, actor, joining)
            # Read the overview before the change, so that no step can fail after the change.
            overview = await self._history.overview(access.state, actor)
            return replace(overview, state=await self._set_roles(access, changes))

    async def remove_member(self, chat_id: ChatId, user_id: UserId, *, actor: UserId) -> ChatOverview:
        """Remove a member. Members who remove themselves leave the group. Errors: see MessagingService.RemoveMember."""
        async with self._locks.hold(chat_id):
            access = await self._owned_group(chat_id, actor)
            changes = removal(members_of(access.state), actor, user_id)
            overview = await self._history.overview(access.state, actor)
            return replace(overview, state=await self._set_roles(access, changes))

    async def leave(self, chat_id: ChatId, *, user_id: UserId) -> None:
        """Leave the group. Errors: see MessagingService.LeaveGroup."""
        async with self._locks.hold(chat_id):
            access = await self._authorizer.to_group(chat_id, user_id)
            await self._set_roles(access, removal(members_of(access.state), user_id, user_id))

    async def _owned_group(self, chat_id: ChatId, user_id: UserId) -> ChatAccess:
        """Give the group a new owner if it has none, and return the user's access to it.

        Do not call this for leaving, because the user who leaves could become the owner.
        """
        access = await self._authorizer.to_group(chat_id, user_id)
        state = await self._ownership.ensure(access.state)
        return replace(access, state=state, role=role_in(state, user_id))

    async def _set_roles(self, access: ChatAccess, changes: Sequence[RoleChange]) -> ChatState:
        """Publish one event per change, and return the group's state after all changes."""
        events = [self._role_event(access, change) for change in changes]
        await self._events.publish(*events)
        state = access.state
        for event in events:
            state = apply_to_chat(state, event)
        return state

    def _role_event(self, access: ChatAccess, change: RoleChange) -> ChatEvent:
        joins_or_leaves = change.before is None or change.after is None
        membership = access.state.memberships.get(change.user_id)
        return self._events.new_event(
            access,
            set_membership(access.state, change.user_id, change.after),
            event_id=self._events.next_id(access, after=[membership.event_id if membership else None]),
            audience=(change.user_id,) if joins_or_leaves else (),
        )

    async def _require_valid(self, change: GroupUpdated, user_id: UserId) -> None:
        if change.title is not None:
            require_visible("title", change.title)
        if change.description is not None:
            require_storable("description", change.description)
        if change.avatar_media_id is not None:
            await require_avatar(self._media, change.avatar_media_id, user_id)


def _changed(state: ChatState, details: Details) -> GroupUpdated:
    """Return the given details that differ from the group's current details."""
    return GroupUpdated(
        title=_unless_same(state.title, details.title),
        description=_unless_same(state.description, details.description),
        avatar_media_id=_unless_same(state.avatar_media_id, details.avatar_media_id),
        history_visibility=None if details.history_visibility is visibility_of(state) else details.history_visibility,
    )


def _unless_same(register: LwwRegister | None, value: str | None) -> str | None:
    return None if register is not None and register.value == value else value

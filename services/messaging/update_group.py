"""Changes a group's name, description or picture."""

from uuid import UUID

from history.audience import members_of
from history.chat_id import ChatId
from history.model import ChatState, GroupUpdated, LwwRegister, Role
from history.view import ChatOverview
from kernel.ids import UserId
from services.messaging.events import Events
from services.messaging.groups import Groups, after
from services.messaging.media import require_avatar
from services.messaging.model import Details
from services.messaging.ports import MediaLibrary
from services.messaging.roles import require_role
from services.messaging.text import require_storable, require_visible


class UpdateGroup:
    def __init__(self, *, groups: Groups, media: MediaLibrary, events: Events) -> None:
        self._groups = groups
        self._media = media
        self._events = events

    async def __call__(self, chat_id: ChatId, details: Details, *, user_id: UserId) -> ChatOverview:
        """The group after it; what stays as it is makes no event. Errors: as MessagingService lists them."""
        async with self._groups.change(chat_id, user_id) as seat:
            require_role(members_of(seat.state), user_id, Role.ADMIN)
            changed = _changed(seat.state, details)
            await self._require_valid(changed, user_id)
            overview = await self._groups.overview(seat)
            if changed == GroupUpdated():
                return overview
            event_id = self._events.next_id(seat, after=_last_changes(seat.state))
            event = self._events.make(seat, changed, event_id=event_id)
            return after(overview, await self._groups.record(seat, [event]))

    async def _require_valid(self, changed: GroupUpdated, user_id: UserId) -> None:
        if changed.title is not None:
            require_visible("title", changed.title)
        if changed.description is not None:
            require_storable("description", changed.description)
        if changed.avatar_media_id is not None:
            await require_avatar(self._media, changed.avatar_media_id, user_id)


def _changed(state: ChatState, details: Details) -> GroupUpdated:
    return GroupUpdated(
        title=_new(state.title, details.title),
        description=_new(state.description, details.description),
        avatar_media_id=_new(state.avatar_media_id, details.avatar_media_id),
    )


def _new(known: LwwRegister | None, value: str | None) -> str | None:
    return None if known is not None and known.value == value else value


def _last_changes(state: ChatState) -> list[UUID]:
    return [value.event_id for value in (state.title, state.description, state.avatar_media_id) if value is not None]

"""Makes a group: once, whatever is retried."""

from uuid import UUID

from history.chat_id import ChatId
from history.fold import apply_to_chat
from history.model import ChatState, GroupCreated, Role
from history.ports import SendClaims
from history.view import ChatOverview, History
from kernel.ids import UserId
from kernel.locks import KeyedLock
from services.messaging.chat_states import ChatStates
from services.messaging.events import Events
from services.messaging.media import require_avatar
from services.messaging.members import Members
from services.messaging.model import ChatRef, NewGroup, Seat
from services.messaging.ports import Journal, MediaLibrary, UserDirectory
from services.messaging.text import require_storable, require_visible
from services.messaging.user_blocks import require_peers


class CreateGroup:
    def __init__(
        self,
        *,
        members: Members,
        states: ChatStates,
        history: History,
        claims: SendClaims,
        directory: UserDirectory,
        media: MediaLibrary,
        events: Events,
        journal: Journal,
    ) -> None:
        self._members = members
        self._states = states
        self._history = history
        self._claims = claims
        self._directory = directory
        self._media = media
        self._events = events
        self._journal = journal
        self._locks = KeyedLock()

    async def __call__(self, group: NewGroup, *, creator: UserId) -> ChatOverview:
        """The group; the one that an earlier call of the same name made, as it is now, if its creator is still in it.

        Errors: as MessagingService.CreateGroup lists them, and NOT_A_MEMBER.
        """
        chat_id = ChatId.group(creator, group.client_group_id)
        async with self._locks.hold(chat_id):
            if await self._states.of(chat_id) is not None:
                seat = await self._members.reading(ChatRef(chat_id), creator)
                return await self._history.overview(seat.state, creator)
            return await self._create(group, Seat(creator, chat_id, ChatState(chat_id), Role.OWNER, None))

    async def _create(self, group: NewGroup, seat: Seat) -> ChatOverview:
        require_visible("title", group.title)
        require_storable("description", group.description)
        others = tuple(user_id for user_id in group.member_ids if user_id != seat.user_id)
        await require_peers(self._directory, seat.user_id, others)
        await require_avatar(self._media, group.avatar_media_id, seat.user_id)
        created = GroupCreated(
            client_group_id=group.client_group_id,
            title=group.title,
            description=group.description,
            avatar_media_id=group.avatar_media_id,
            members={**dict.fromkeys(others, Role.MEMBER), seat.user_id: Role.OWNER},
        )
        # A try whose outcome nobody knows is repeated as the same event; the group's id is unique among claims too.
        event_id = await self._claims.claim(seat.user_id, UUID(seat.chat_id), self._events.next_id(seat))
        event = self._events.make(seat, created, event_id=event_id, audience=tuple(created.members))
        await self._journal.record(event)
        return ChatOverview(apply_to_chat(None, event), None, 0, event.occurred_at)

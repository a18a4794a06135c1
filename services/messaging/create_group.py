"""Creates a group. However often a call is retried, it creates one group."""

from uuid import UUID

from history.chat_id import ChatId
from history.fold import apply_to_chat
from history.model import ChatState, GroupCreated, Role
from history.ports import SendClaims
from history.view import ChatOverview, History
from kernel.ids import UserId
from kernel.locks import KeyedLock
from services.messaging.authorizer import ChatAuthorizer
from services.messaging.chat_states import ChatStates
from services.messaging.event_publisher import EventPublisher
from services.messaging.media import require_avatar
from services.messaging.model import ChatAccess, ChatRef, NewGroup
from services.messaging.ports import MediaLibrary, UserDirectory
from services.messaging.text import require_storable, require_visible
from services.messaging.user_blocks import require_unblocked


class CreateGroup:
    def __init__(
        self,
        *,
        authorizer: ChatAuthorizer,
        states: ChatStates,
        history: History,
        claims: SendClaims,
        directory: UserDirectory,
        media: MediaLibrary,
        events: EventPublisher,
    ) -> None:
        self._authorizer = authorizer
        self._states = states
        self._history = history
        self._claims = claims
        self._directory = directory
        self._media = media
        self._events = events
        self._locks = KeyedLock()

    async def __call__(self, group: NewGroup, *, creator: UserId) -> ChatOverview:
        """Return the new group. If an earlier call with this `client_group_id` created it, return its present state.

        Errors: see MessagingService.CreateGroup; NOT_A_MEMBER if the creator has left the earlier group.
        """
        chat_id = ChatId.group(creator, group.client_group_id)
        async with self._locks.hold(chat_id):
            if await self._states.get(chat_id) is not None:
                access = await self._authorizer.to_read(ChatRef(chat_id), creator)
                return await self._history.overview(access.state, creator)
            return await self._create(group, ChatAccess(creator, chat_id, ChatState(chat_id), Role.OWNER))

    async def _create(self, group: NewGroup, access: ChatAccess) -> ChatOverview:
        require_visible("title", group.title)
        require_storable("description", group.description)
        others = tuple(user_id for user_id in group.member_ids if user_id != access.user_id)
        await require_unblocked(self._directory, access.user_id, others)
        await require_avatar(self._media, group.avatar_media_id, access.user_id)
        created = GroupCreated(
            client_group_id=group.client_group_id,
            title=group.title,
            description=group.description,
            avatar_media_id=group.avatar_media_id,
            members={**dict.fromkeys(others, Role.MEMBER), access.user_id: Role.OWNER},
            history_visibility=group.history_visibility,
        )
        # An earlier attempt with an unknown result may have claimed an id. With that id, both attempts are the same
        # event. A claim needs a UUID, and the group's id is one.
        claim = await self._claims.claim(access.user_id, UUID(access.chat_id), self._events.next_id(access))
        event = self._events.new_event(access, created, event_id=claim.message_id, audience=tuple(created.members))
        await self._events.publish(event)
        return ChatOverview(apply_to_chat(None, event), None, 0, event.event_id, event.occurred_at)

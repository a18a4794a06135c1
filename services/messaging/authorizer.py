"""Access to chats: finds the chat that a call names and checks that the caller belongs to it."""

from history.audience import role_in
from history.chat_id import ChatId
from history.model import ChatState
from kernel.errors import ChatlyError, KernelReason, invalid_field
from kernel.ids import UserId
from services.messaging.chat_states import ChatStates
from services.messaging.errors import MessagingReason, not_a_group, not_a_member, not_with_oneself
from services.messaging.model import ChatAccess, ChatRef
from services.messaging.ports import UserDirectory
from services.messaging.user_blocks import require_unblocked


class ChatAuthorizer:
    """Checks the access of a call to its chat, before the call reads or changes anything."""

    def __init__(self, *, states: ChatStates, directory: UserDirectory) -> None:
        self._states = states
        self._directory = directory

    async def to_read(self, chat: ChatRef, user_id: UserId) -> ChatAccess:
        """Return the user's access to a chat; raise NOT_A_MEMBER.

        The users of a 1:1 chat may read it even if one has blocked the other or the other user's account was deleted.
        If the chat has no events yet, raise USER_NOT_FOUND unless the other user exists.
        """
        chat_id = _chat_id(chat, user_id)
        if not chat_id.is_direct:
            return await self._to_group(chat_id, user_id)
        state = await self._direct_state(chat_id)
        if state is None:
            await self._require_existing(chat_id.other(user_id), user_id)
        return ChatAccess(user_id, chat_id, state or ChatState(chat_id), None)

    async def to_write(self, chat: ChatRef, user_id: UserId) -> ChatAccess:
        """Return the user's access to a chat; raise NOT_A_MEMBER.

        In a 1:1 chat, raise USER_NOT_FOUND unless the other user exists, and BLOCKED if one has blocked the other.
        """
        chat_id = _chat_id(chat, user_id)
        if not chat_id.is_direct:
            return await self._to_group(chat_id, user_id)
        await require_unblocked(self._directory, user_id, [chat_id.other(user_id)])
        return ChatAccess(user_id, chat_id, await self._direct_state(chat_id) or ChatState(chat_id), None)

    async def to_group(self, chat_id: ChatId, user_id: UserId) -> ChatAccess:
        """Return the user's access to change a group; raise NOT_A_MEMBER, or NOT_A_GROUP for a 1:1 chat.

        This loads a cached state again, because a change needs a later id than all changes of other nodes, even if
        their clocks are ahead.
        """
        await self._states.refresh(chat_id)
        access = await self.to_read(ChatRef(chat_id), user_id)
        if access.role is None:
            raise not_a_group()
        return access

    async def _to_group(self, chat_id: ChatId, user_id: UserId) -> ChatAccess:
        state = await self._states.get(chat_id)
        if state is None or role_in(state, user_id) is None:
            # Another node may have added the user a moment ago, so only a freshly loaded state is a reason to refuse.
            state = await self._states.reload(chat_id)
        role = role_in(state, user_id) if state else None
        if state is None or role is None:
            raise not_a_member()
        return ChatAccess(user_id, chat_id, state, role)

    async def _require_existing(self, other: UserId, user_id: UserId) -> None:
        try:
            await require_unblocked(self._directory, user_id, [other])
        except ChatlyError as error:
            if error.reason != MessagingReason.BLOCKED:
                raise

    async def _direct_state(self, chat_id: ChatId) -> ChatState | None:
        """Return the state of a 1:1 chat, or None if the chat has no events.

        Return None too if the state is not cached and the store is unavailable. The two users can still read and write
        then, because the chat's id names them.
        """
        try:
            return await self._states.get(chat_id)
        except ChatlyError as error:
            if error.reason != KernelReason.STORE_UNAVAILABLE:
                raise
            return None


def chat_named(chat: ChatRef, caller: UserId) -> ChatId:
    """Return the chat that the caller means. Both ways to name a 1:1 chat give the same id."""
    return ChatId.direct(caller, UserId(chat.user_id)) if chat.user_id else ChatId(chat.chat_id)


def _chat_id(chat: ChatRef, user_id: UserId) -> ChatId:
    """Return the chat's id.

    For a 1:1 chat, raise NOT_A_MEMBER unless the caller is one of its users, NOT_WITH_ONESELF if both users are the
    same, and INVALID_FIELD if their ids are not in ascending order.
    """
    chat_id = chat_named(chat, user_id)
    if not chat_id.is_direct:
        return chat_id
    one, other = chat_id.members
    if user_id not in chat_id.members:
        raise not_a_member()
    if one == other:
        raise not_with_oneself()
    if one > other:
        raise invalid_field("chat_id", f"must be the two user ids in ascending order: {ChatId.direct(one, other)}")
    return chat_id

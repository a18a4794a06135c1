"""Lets users into chats: finds the chat that a call names, and makes sure that the caller belongs there."""

from history.audience import role_in
from history.chat_id import ChatId
from history.model import ChatState
from kernel.errors import ChatlyError, KernelReason, denied, invalid_field, precondition
from kernel.ids import UserId
from services.messaging.chat_states import ChatStates
from services.messaging.errors import MessagingReason
from services.messaging.model import ChatRef, Seat
from services.messaging.ports import UserDirectory
from services.messaging.user_blocks import require_peers


class Members:
    """Every use case that concerns a chat begins here.

    A group that does not exist and a group that the caller is not in answer alike, with NOT_A_MEMBER, so that strangers
    learn nothing from either.
    """

    def __init__(self, *, states: ChatStates, directory: UserDirectory) -> None:
        self._states = states
        self._directory = directory

    async def reading(self, chat: ChatRef, user_id: UserId) -> Seat:
        """A seat to read from; also where the other one of two is blocked or gone, if anything was ever said."""
        chat_id = _chat_id(chat, user_id)
        if not chat_id.is_direct:
            return await self._in_group(chat_id, user_id)
        state = await self._state_if_store_answers(chat_id)
        if state is None:
            await self._require_existing(chat_id.other(user_id), user_id)
        return _direct_seat(chat_id, user_id, state)

    async def writing(self, chat: ChatRef, user_id: UserId) -> Seat:
        """A seat to write from; in a 1:1 chat the other one must exist, and neither may block the other."""
        chat_id = _chat_id(chat, user_id)
        if not chat_id.is_direct:
            return await self._in_group(chat_id, user_id)
        await require_peers(self._directory, user_id, [chat_id.other(user_id)])
        return _direct_seat(chat_id, user_id, await self._state_if_store_answers(chat_id))

    async def in_group(self, chat_id: ChatId, user_id: UserId) -> Seat:
        """As `reading`, for calls that only groups know; raise NOT_A_GROUP for two people."""
        seat = await self.reading(ChatRef(chat_id), user_id)
        if seat.other is not None:
            raise precondition(
                MessagingReason.NOT_A_GROUP, "this is a chat of two people; only groups have roles and details"
            )
        return seat

    async def _in_group(self, chat_id: ChatId, user_id: UserId) -> Seat:
        state = await self._states.of(chat_id)
        if state is None or role_in(state, user_id) is None:
            # What is kept may be behind another node that let the user in; a refusal must be true.
            state = await self._states.reload(chat_id)
        role = role_in(state, user_id) if state else None
        if state is None or role is None:
            raise denied(MessagingReason.NOT_A_MEMBER, "you are not a member of this chat")
        return Seat(user_id, chat_id, state, role, None)

    async def _require_existing(self, other: UserId, user_id: UserId) -> None:
        try:
            await require_peers(self._directory, user_id, [other])
        except ChatlyError as error:
            if error.reason != MessagingReason.BLOCKED:
                raise

    async def _state_if_store_answers(self, chat_id: ChatId) -> ChatState | None:
        """Two people need no state to write to each other, or to read: they go on while the store is away."""
        try:
            return await self._states.of(chat_id)
        except ChatlyError as error:
            if error.reason != KernelReason.STORE_UNAVAILABLE:
                raise
            return None


def _chat_id(chat: ChatRef, user_id: UserId) -> ChatId:
    """The chat's id in its one form; raise for two people if the caller is none of them, or both."""
    if not chat.user_id and not ChatId(chat.chat_id).is_direct:
        return ChatId(chat.chat_id)
    pair = (user_id, UserId(chat.user_id)) if chat.user_id else ChatId(chat.chat_id).members
    if user_id not in pair:
        raise denied(MessagingReason.NOT_A_MEMBER, "you are not a member of this chat")
    if pair[0] == pair[1]:
        raise precondition(MessagingReason.NOT_WITH_ONESELF, "a chat with oneself is not possible")
    chat_id = ChatId.direct(*pair)
    if chat.chat_id not in {"", chat_id}:
        raise invalid_field("chat_id", f"the two user ids must be sorted: {chat_id}")
    return chat_id


def _direct_seat(chat_id: ChatId, user_id: UserId, state: ChatState | None) -> Seat:
    return Seat(user_id, chat_id, state or ChatState(chat_id), None, chat_id.other(user_id))

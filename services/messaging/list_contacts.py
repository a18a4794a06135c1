"""Lists everybody who shares a chat with a user, for presence."""

import asyncio
from collections.abc import Collection, Sequence

from history.audience import members_of
from history.chat_id import ChatId
from history.view import History
from kernel.ids import UserId
from services.messaging.chat_states import ChatStates
from services.messaging.model import MAX_CONTACTS
from services.messaging.ports import UserDirectory


class ListContacts:
    """Groups are taken from those that the node keeps: a large one is not read again for each of its members."""

    def __init__(self, *, history: History, states: ChatStates, directory: UserDirectory) -> None:
        self._history = history
        self._states = states
        self._directory = directory

    async def __call__(self, user_id: UserId) -> Sequence[UserId]:
        """Sorted, at most 5,000; without deleted users, and without those who block the user or are blocked by them."""
        chats = [chat.chat_id for chat in await self._history.outlines_of(user_id)]
        people = await asyncio.gather(*(self._people_in(chat_id) for chat_id in chats))
        sharing = {member for members in people for member in members} - {user_id}
        blocks = await self._directory.blocks({user_id, *sharing})
        blocked = blocks.get(user_id, frozenset())
        known = [peer for peer in sharing & blocks.keys() if peer not in blocked and user_id not in blocks[peer]]
        return sorted(known)[:MAX_CONTACTS]

    async def _people_in(self, chat_id: ChatId) -> Collection[UserId]:
        if chat_id.is_direct:
            return chat_id.members
        state = await self._states.of(chat_id)
        return members_of(state) if state else ()

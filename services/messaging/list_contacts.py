"""Lists everybody who shares a chat with a user, for presence."""

from collections.abc import Sequence

from history.chats import members_of
from history.view import History
from kernel.ids import UserId
from services.messaging.model import MAX_CONTACTS
from services.messaging.ports import UserDirectory


class ListContacts:
    def __init__(self, *, history: History, directory: UserDirectory) -> None:
        self._history = history
        self._directory = directory

    async def __call__(self, user_id: UserId) -> Sequence[UserId]:
        """Sorted, at most 5,000; without deleted users, and without those who block the user or are blocked by them."""
        states = await self._history.states_of(user_id)
        sharing = {member for state in states for member in members_of(state)} - {user_id}
        blocks = await self._directory.blocks({user_id, *sharing})
        blocked = blocks.get(user_id, frozenset())
        known = [peer for peer in sharing & blocks.keys() if peer not in blocked and user_id not in blocks[peer]]
        return sorted(known)[:MAX_CONTACTS]

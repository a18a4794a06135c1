"""Gives a group a new owner after the account of its last one was deleted."""

from collections.abc import Collection, Sequence

from history.audience import members_of
from history.fold import apply_to_chat
from history.model import ChatState, MemberSet, Role
from kernel.errors import ChatlyError, Code
from kernel.ids import UserId, time_key
from kernel.locks import KeyedLock
from kernel.telemetry.logs import logger
from services.messaging.chat_states import ChatStates
from services.messaging.event_publisher import EventPublisher
from services.messaging.model import ChatAccess
from services.messaging.ports import UserDirectory

_LOOKED_UP_TOGETHER = 200


class GroupOwnership:
    """A group is repaired when a member's call meets it: accounts are deleted by auth, which knows no groups.

    The oldest admin becomes owner, or else the oldest member, by an event in their own name. While auth or the log is
    unavailable the group stays as it is, until a later call.
    """

    def __init__(self, *, states: ChatStates, directory: UserDirectory, events: EventPublisher) -> None:
        self._states = states
        self._directory = directory
        self._events = events
        self._locks = KeyedLock()
        self._log = logger("messaging")

    async def ensure(self, state: ChatState) -> ChatState:
        """Return the chat; if it is a group, with an owner whose account exists."""
        (repaired,) = await self.ensure_all([state])
        return repaired

    async def ensure_all(self, states: Sequence[ChatState]) -> Sequence[ChatState]:
        """Return as `ensure` does, for several chats, in their order."""
        owners = {state.chat_id: _owners(state) for state in states if not state.chat_id.is_direct}
        try:
            existing = await self._existing({owner for group in owners.values() for owner in group})
            orphaned = {chat_id for chat_id, group in owners.items() if not existing & group}
            return [await self._repaired(state) if state.chat_id in orphaned else state for state in states]
        except ChatlyError as error:
            if error.code is not Code.UNAVAILABLE:
                raise
            self._log.warning("cannot check whether groups have an owner", error=str(error))
            return states

    async def _repaired(self, state: ChatState) -> ChatState:
        async with self._locks.hold(state.chat_id):
            # Another node may have repaired it.
            fresh = await self._states.reload(state.chat_id) or state
            if await self._existing(_owners(fresh)):
                return fresh
            heir = await self._heir(fresh)
            if heir is None:
                return fresh
            membership = fresh.memberships[heir]
            change = MemberSet(heir, Role.OWNER, membership.joined_id)
            access = ChatAccess(heir, fresh.chat_id, fresh, membership.role)
            event = await self._events.publish_change(access, change, after=[membership.event_id])
            self._log.info("a group without an owner has a new one", chat_id=fresh.chat_id, user_id=heir)
            return apply_to_chat(fresh, event)

    async def _heir(self, state: ChatState) -> UserId | None:
        """Return the existing member with the highest role who joined first."""
        members = members_of(state)

        def rank(user_id: UserId) -> tuple[int, bytes, UserId]:
            return -members[user_id], time_key(state.memberships[user_id].joined_id), user_id

        candidates = sorted(members, key=rank)
        for start in range(0, len(candidates), _LOOKED_UP_TOGETHER):
            some = candidates[start : start + _LOOKED_UP_TOGETHER]
            existing = await self._existing(some)
            if existing:
                return next(user_id for user_id in some if user_id in existing)
        return None

    async def _existing(self, user_ids: Collection[UserId]) -> frozenset[UserId]:
        return frozenset(await self._directory.blocks(user_ids)) if user_ids else frozenset()


def _owners(state: ChatState) -> frozenset[UserId]:
    return frozenset(user_id for user_id, each in state.memberships.items() if each.role is Role.OWNER)

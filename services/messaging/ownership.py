"""Gives a group a new owner after the account of its last owner was deleted."""

from collections.abc import Collection, Sequence

from history.audience import members_of
from history.fold import apply_to_chat
from history.model import ChatState, Role
from history.visibility import set_membership
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
    """Makes a member the owner of a group whose owners' accounts are all deleted.

    Auth deletes accounts and does not know groups, so a group is repaired during a later call by one of its members.
    The admin who joined first becomes owner, or else the member who joined first. The new owner is the actor of the
    event. While auth or the log is unavailable the group does not change, and a later call repairs it.
    """

    def __init__(self, *, states: ChatStates, directory: UserDirectory, events: EventPublisher) -> None:
        self._states = states
        self._directory = directory
        self._events = events
        self._locks = KeyedLock()
        self._log = logger("messaging")

    async def ensure(self, state: ChatState) -> ChatState:
        """Return the chat's state. If no owner of the group has an account, make a member the owner first."""
        (repaired,) = await self.ensure_all([state])
        return repaired

    async def ensure_all(self, states: Sequence[ChatState]) -> Sequence[ChatState]:
        """Do the same as `ensure` for several chats, and return their states in the same order."""
        owners = {state.chat_id: _owners(state) for state in states if not state.chat_id.is_direct}
        try:
            existing = await self._existing({owner for group in owners.values() for owner in group})
            ownerless = {chat_id for chat_id, group in owners.items() if not existing & group}
            return [await self._repaired(state) if state.chat_id in ownerless else state for state in states]
        except ChatlyError as error:
            if error.code is not Code.UNAVAILABLE:
                raise
            self._log.warning("cannot check whether groups have an owner", error=str(error))
            return states

    async def _repaired(self, state: ChatState) -> ChatState:
        async with self._locks.hold(state.chat_id):
            # Another node may have repaired the group meanwhile.
            fresh = await self._states.reload(state.chat_id) or state
            if await self._existing(_owners(fresh)):
                return fresh
            successor = await self._successor(fresh)
            if successor is None:
                return fresh
            membership = fresh.memberships[successor]
            change = set_membership(fresh, successor, Role.OWNER)
            access = ChatAccess(successor, fresh.chat_id, fresh, membership.role)
            event = await self._events.publish_change(access, change, after=[membership.event_id])
            self._log.info("a group without an owner has a new one", chat_id=fresh.chat_id, user_id=successor)
            return apply_to_chat(fresh, event)

    async def _successor(self, state: ChatState) -> UserId | None:
        """Return the member who should become owner, or None if no member has an account.

        Of the members with an account, this is the one with the highest role who joined first.
        """
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

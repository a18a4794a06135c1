"""Notifies the members of a chat that one of them is typing."""

from collections.abc import Collection

from history.audience import members_of
from history.chat_id import ChatId
from history.model import ChatState
from kernel.cache import BoundedCache
from kernel.ids import UserId
from kernel.time import Clock
from services.messaging.authorizer import ChatAuthorizer
from services.messaging.model import ChatRef
from services.messaging.ports import TypingSignal, UserDirectory

_REPEAT_SECONDS = 2.0
_CAPACITY = 10_000


class SetTyping:
    """Drops calls that repeat the last notification within 2 s, because clients show a notification for longer."""

    def __init__(
        self, *, authorizer: ChatAuthorizer, directory: UserDirectory, signal: TypingSignal, clock: Clock
    ) -> None:
        self._authorizer = authorizer
        self._directory = directory
        self._signal = signal
        self._clock = clock
        self._sent: BoundedCache[tuple[ChatId, UserId], tuple[bool, float]] = BoundedCache(capacity=_CAPACITY)
        """For each chat and user, the last notification and its time on the clock's monotonic scale."""

    async def __call__(self, chat: ChatRef, *, active: bool, user_id: UserId) -> None:
        """Notify the members of the chat, unless the call repeats the last notification.

        In a group, members whom the user blocks and members who block the user are not notified.

        Errors: NOT_A_MEMBER, BLOCKED, USER_NOT_FOUND, NOT_WITH_ONESELF.
        """
        access = await self._authorizer.to_write(chat, user_id)
        now = self._clock.monotonic()
        last = self._sent.get((access.chat_id, user_id))
        if last is not None and last[0] == active and now - last[1] < _REPEAT_SECONDS:
            return
        self._sent.put((access.chat_id, user_id), (active, now))
        hidden_from = () if access.chat_id.is_direct else await self._blocked_members(access.state, user_id)
        await self._signal.typing(access.chat_id, user_id, active=active, hidden_from=hidden_from)

    async def _blocked_members(self, group: ChatState, user_id: UserId) -> Collection[UserId]:
        """Return the members whom the user blocks, and those who block the user."""
        blocks = await self._directory.blocks({user_id, *members_of(group)})
        own = blocks.get(user_id, frozenset())
        return [other for other, blocked in blocks.items() if other in own or user_id in blocked]

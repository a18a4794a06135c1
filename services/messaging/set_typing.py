"""Notifies the members of a chat that one of them is typing."""

from history.chat_id import ChatId
from kernel.cache import BoundedCache
from kernel.ids import UserId
from kernel.time import Clock
from services.messaging.authorizer import ChatAuthorizer
from services.messaging.model import ChatRef
from services.messaging.ports import TypingSignal

_REPEAT_SECONDS = 2.0
_CAPACITY = 10_000


class SetTyping:
    """Drops calls that repeat the last notification within 2 s, because clients show a notification for longer."""

    def __init__(self, *, authorizer: ChatAuthorizer, signal: TypingSignal, clock: Clock) -> None:
        self._authorizer = authorizer
        self._signal = signal
        self._clock = clock
        self._sent: BoundedCache[tuple[ChatId, UserId], tuple[bool, float]] = BoundedCache(capacity=_CAPACITY)
        """For each chat and user, the last notification and its time on the clock's monotonic scale."""

    async def __call__(self, chat: ChatRef, *, active: bool, user_id: UserId) -> None:
        """Notify the members of the chat, unless the call repeats the last notification.

        Errors: NOT_A_MEMBER, BLOCKED, USER_NOT_FOUND, NOT_WITH_ONESELF.
        """
        access = await self._authorizer.to_write(chat, user_id)
        now = self._clock.monotonic()
        last = self._sent.get((access.chat_id, user_id))
        if last is not None and last[0] == active and now - last[1] < _REPEAT_SECONDS:
            return
        self._sent.put((access.chat_id, user_id), (active, now))
        await self._signal.typing(access.chat_id, user_id, active=active)

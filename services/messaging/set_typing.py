"""Tells the others that a member types."""

from history.chat_id import ChatId
from kernel.ids import UserId
from kernel.time import Clock
from services.messaging.members import Members
from services.messaging.model import ChatRef
from services.messaging.ports import TypingSignal

_QUIET_SECONDS = 2.0
_REMEMBERED = 10_000


class SetTyping:
    """Passed on at most every 2 s unless it changes; what comes more often is taken and dropped."""

    def __init__(self, *, members: Members, signal: TypingSignal, clock: Clock) -> None:
        self._members = members
        self._signal = signal
        self._clock = clock
        self._told: dict[tuple[ChatId, UserId], tuple[bool, float]] = {}

    async def __call__(self, chat: ChatRef, *, active: bool, user_id: UserId) -> None:
        """Errors: NOT_A_MEMBER, BLOCKED, USER_NOT_FOUND, NOT_WITH_ONESELF."""
        seat = await self._members.writing(chat, user_id)
        if self._is_news(seat.chat_id, user_id, active=active):
            await self._signal.typing(seat.chat_id, user_id, active=active)

    def _is_news(self, chat_id: ChatId, user_id: UserId, *, active: bool) -> bool:
        now = self._clock.monotonic()
        said, told_at = self._told.pop((chat_id, user_id), (False, float("-inf")))
        if said == active and now - told_at < _QUIET_SECONDS:
            self._told[chat_id, user_id] = (said, told_at)
            return False
        self._told[chat_id, user_id] = (active, now)
        if len(self._told) > _REMEMBERED:
            del self._told[next(iter(self._told))]
        return True

"""The caller's sessions."""

from collections.abc import Sequence

from kernel.ids import UserId
from kernel.time import Clock
from services.auth.model import Session
from services.auth.ports import SessionStore


class ListSessions:
    """A user's live sessions, the newest first."""

    def __init__(self, *, sessions: SessionStore, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    async def __call__(self, user_id: UserId) -> Sequence[Session]:
        now = self._clock.now()
        return [session for session in await self._sessions.of_user(user_id) if session.is_live(now)]

"""Ending one of the caller's sessions."""

from kernel.errors import not_found
from kernel.ids import SessionId, UserId
from kernel.time import Clock
from services.auth.errors import AuthReason
from services.auth.ports import SessionEndings, SessionStore


class RevokeSession:
    """Ends a session of a user; one that has ended is not an error, one of somebody else does not exist."""

    def __init__(self, *, sessions: SessionStore, endings: SessionEndings, clock: Clock) -> None:
        self._sessions = sessions
        self._endings = endings
        self._clock = clock

    async def __call__(self, user_id: UserId, session_id: SessionId) -> None:
        """Errors: NOT_FOUND `SESSION_NOT_FOUND`."""
        session = await self._sessions.get(session_id)
        if session is None or session.user_id != user_id:
            raise not_found(AuthReason.SESSION_NOT_FOUND, "you have no such session")
        await self._endings.end([session_id], at=self._clock.now())

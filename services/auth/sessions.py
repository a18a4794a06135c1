"""Sessions of a user: listing and ending them."""

from collections.abc import Sequence

from kernel.errors import not_found
from kernel.ids import SessionId, UserId
from kernel.time import Clock
from services.auth.errors import AuthReason
from services.auth.model import Session
from services.auth.ports import SessionEndings, SessionStore


class Sessions:
    def __init__(self, *, sessions: SessionStore, endings: SessionEndings, clock: Clock) -> None:
        self._sessions = sessions
        self._endings = endings
        self._clock = clock

    async def list(self, user_id: UserId) -> Sequence[Session]:
        """Return the user's live sessions, newest first."""
        now = self._clock.now()
        return [session for session in await self._sessions.of_user(user_id) if session.is_live(now)]

    async def revoke(self, user_id: UserId, session_id: SessionId) -> None:
        """End a session of the user. Safe to repeat. Raise `SESSION_NOT_FOUND` if the user has no such session."""
        session = await self._sessions.get(session_id)
        if session is None or session.user_id != user_id:
            raise not_found(AuthReason.SESSION_NOT_FOUND, "session not found")
        await self._endings.end([session_id], at=self._clock.now())

    async def logout(self, session_id: SessionId) -> None:
        """End the caller's session. Safe to repeat."""
        await self._endings.end([session_id], at=self._clock.now())

    async def end_all(self, user_id: UserId, *, keep: SessionId | None = None) -> int:
        """End the user's sessions except `keep`, and return how many were live."""
        others = [session.session_id for session in await self._sessions.of_user(user_id) if session.session_id != keep]
        return await self._endings.end(others, at=self._clock.now())

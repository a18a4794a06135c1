"""Deleting the caller's account."""

from kernel.ids import UserId
from kernel.time import Clock
from services.auth.credentials import Credentials
from services.auth.ports import AccountChanges, BlockStore, SessionEndings, SessionStore


class DeleteAccount:
    """Ends the user's sessions and leaves a tombstone; address and username are free again."""

    def __init__(
        self,
        *,
        credentials: Credentials,
        changes: AccountChanges,
        sessions: SessionStore,
        endings: SessionEndings,
        blocks: BlockStore,
        clock: Clock,
    ) -> None:
        self._credentials = credentials
        self._changes = changes
        self._sessions = sessions
        self._endings = endings
        self._blocks = blocks
        self._clock = clock

    async def __call__(self, user_id: UserId, *, password: str) -> None:
        """Errors: UNAUTHENTICATED `WRONG_CREDENTIALS`, RESOURCE_EXHAUSTED `RATE_LIMITED`."""
        await self._credentials.confirm(user_id, password)
        await self._end_sessions(user_id)
        await self._blocks.clear(user_id)
        await self._changes.delete(user_id, at=self._clock.now())
        # Once more, for a login that was just under way.
        await self._end_sessions(user_id)

    async def _end_sessions(self, user_id: UserId) -> None:
        sessions = [session.session_id for session in await self._sessions.of_user(user_id)]
        await self._endings.end(sessions, at=self._clock.now())

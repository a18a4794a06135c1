"""Delete the caller's account."""

from kernel.ids import UserId
from kernel.time import Clock
from services.auth.credentials import Credentials
from services.auth.ports import AccountChanges, BlockStore
from services.auth.sessions import Sessions


class DeleteAccount:
    def __init__(
        self,
        *,
        credentials: Credentials,
        changes: AccountChanges,
        sessions: Sessions,
        blocks: BlockStore,
        clock: Clock,
    ) -> None:
        self._credentials = credentials
        self._changes = changes
        self._sessions = sessions
        self._blocks = blocks
        self._clock = clock

    async def __call__(self, user_id: UserId, *, password: str) -> None:
        """End the user's sessions and replace the account by a tombstone; address and username are free again.

        Errors: UNAUTHENTICATED `WRONG_CREDENTIALS`, RESOURCE_EXHAUSTED `RATE_LIMITED`.
        """
        await self._credentials.confirm(user_id, password)
        await self._sessions.end_all(user_id)
        await self._blocks.clear(user_id)
        await self._changes.delete(user_id, at=self._clock.now())
        # Again, for a concurrent login.
        await self._sessions.end_all(user_id)

"""Delete the caller's account."""

from datetime import timedelta

from kernel.ids import UserId
from kernel.time import Clock
from services.auth.credentials import Credentials
from services.auth.erase_account import EraseAccount
from services.auth.erase_due import EraseDue
from services.auth.model import CLOCK_SLACK, Erasure
from services.auth.ports import ErasureStore


class DeleteAccount:
    """Plans two erasures before it deletes anything, so that a crash only delays the deletion.

    The first erasure runs at once. The second runs when the last access token has expired: a call in progress, or a
    stream that ended late, may have stored data after the first.
    """

    def __init__(
        self,
        *,
        credentials: Credentials,
        erasures: ErasureStore,
        erase: EraseAccount,
        due: EraseDue,
        clock: Clock,
        token_life: timedelta,
    ) -> None:
        self._credentials = credentials
        self._erasures = erasures
        self._erase = erase
        self._due = due
        self._clock = clock
        self._again_after = token_life + CLOCK_SLACK

    async def __call__(self, user_id: UserId, *, password: str, delete_messages: bool) -> None:
        """Erase the user's data in auth, and wake `EraseDue`, which erases the data in the other services.

        Errors: UNAUTHENTICATED `WRONG_CREDENTIALS`, RESOURCE_EXHAUSTED `RATE_LIMITED`. After STORE_UNAVAILABLE the
        erasures may be planned, and then the account is deleted later.
        """
        await self._credentials.confirm(user_id, password)
        now = self._clock.now()
        await self._erasures.add(
            [Erasure(user_id, due_at, delete_messages) for due_at in (now, now + self._again_after)]
        )
        try:
            await self._erase.in_auth(user_id)
        finally:
            self._due.wake()

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
    """Plans two erasures, so that a crash only delays the deletion.

    The first runs at once. The second runs when the last access token has expired, for data that a call in progress or
    a stream that ended late has stored since.
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

    async def __call__(self, user_id: UserId, *, password: str) -> None:
        """Erase what auth stores about the user, and let `EraseDue` erase it in the other services.

        Errors: UNAUTHENTICATED `WRONG_CREDENTIALS`, RESOURCE_EXHAUSTED `RATE_LIMITED`. After STORE_UNAVAILABLE the
        account may still be deleted.
        """
        await self._credentials.confirm(user_id, password)
        now = self._clock.now()
        await self._erasures.add([Erasure(user_id, now), Erasure(user_id, now + self._again_after)])
        try:
            await self._erase.in_auth(user_id)
        finally:
            self._due.wake()

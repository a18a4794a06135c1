"""Blocking somebody."""

from kernel.errors import precondition
from kernel.ids import UserId
from kernel.time import Clock
from services.auth.errors import AuthReason
from services.auth.model import user_not_found
from services.auth.ports import AccountStore, BlockStore


class BlockUser:
    """Keeps a block; again is not an error."""

    def __init__(self, *, accounts: AccountStore, blocks: BlockStore, clock: Clock) -> None:
        self._accounts = accounts
        self._blocks = blocks
        self._clock = clock

    async def __call__(self, blocker: UserId, blocked: UserId) -> None:
        """Errors: NOT_FOUND `USER_NOT_FOUND`, FAILED_PRECONDITION `NOT_WITH_ONESELF`."""
        if blocker == blocked:
            raise precondition(AuthReason.NOT_WITH_ONESELF, "you cannot block yourself")
        account = (await self._accounts.get([blocked])).get(blocked)
        if account is None or account.deleted_at is not None:
            raise user_not_found()
        await self._blocks.add(blocker, blocked, at=self._clock.now())

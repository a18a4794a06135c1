"""Blocks between users."""

from collections.abc import Collection, Mapping

from kernel.errors import precondition
from kernel.ids import UserId
from kernel.time import Clock
from services.auth.errors import AuthReason, user_not_found
from services.auth.names import fold
from services.auth.ports import AccountStore, BlockNotices, BlockStore
from services.auth.profiles import UserPage, first_page


class Blocks:
    def __init__(self, *, accounts: AccountStore, blocks: BlockStore, notices: BlockNotices, clock: Clock) -> None:
        self._accounts = accounts
        self._blocks = blocks
        self._notices = notices
        self._clock = clock

    async def block(self, blocker: UserId, blocked: UserId) -> None:
        """Block a user. Safe to repeat. Errors: `USER_NOT_FOUND`, FAILED_PRECONDITION `NOT_WITH_ONESELF`."""
        if blocker == blocked:
            raise precondition(AuthReason.NOT_WITH_ONESELF, "you cannot block yourself")
        account = (await self._accounts.get([blocked])).get(blocked)
        if account is None or account.deleted_at is not None:
            raise user_not_found()
        await self._blocks.add(blocker, blocked, at=self._clock.now())
        await self._notices.changed(blocker, blocked, present=True)

    async def unblock(self, blocker: UserId, blocked: UserId) -> None:
        """Remove a block, if it exists."""
        await self._blocks.remove(blocker, blocked)
        await self._notices.changed(blocker, blocked, present=False)

    async def list(self, blocker: UserId, *, after: str, size: int) -> UserPage:
        """Return a page of the users whom `blocker` blocks, sorted by username, without deleted accounts.

        Blocks are stored by blocker and are few, so this reads and sorts the whole list.
        """
        blocked = (await self._blocks.blocked_by([blocker])).get(blocker, ())
        accounts = (await self._accounts.get(blocked)).values()
        by_name = {fold(account.username): account for account in accounts if account.deleted_at is None}
        return first_page([by_name[name] for name in sorted(by_name) if name > after], size=size)

    async def batch_get(self, user_ids: Collection[UserId]) -> Mapping[UserId, Collection[UserId]]:
        """Return the users whom each of these users blocks, for other services.

        Unknown and deleted users are not among the keys.
        """
        accounts = await self._accounts.get(user_ids)
        existing = [user_id for user_id, account in accounts.items() if account.deleted_at is None]
        blocks = await self._blocks.blocked_by(existing)
        return {user_id: blocks.get(user_id, ()) for user_id in existing}

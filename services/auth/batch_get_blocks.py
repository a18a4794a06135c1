"""Which users exist, and whom they block: for other services."""

from collections.abc import Collection, Mapping

from kernel.ids import UserId
from services.auth.ports import AccountStore, BlockStore


class BatchGetBlocks:
    """For each user that exists and is not deleted, whom they block."""

    def __init__(self, *, accounts: AccountStore, blocks: BlockStore) -> None:
        self._accounts = accounts
        self._blocks = blocks

    async def __call__(self, user_ids: Collection[UserId]) -> Mapping[UserId, Collection[UserId]]:
        accounts = await self._accounts.get(user_ids)
        present = [user_id for user_id, account in accounts.items() if account.deleted_at is None]
        blocks = await self._blocks.of(present)
        return {user_id: blocks.get(user_id, ()) for user_id in present}

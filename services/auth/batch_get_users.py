"""Several profiles at once."""

from collections.abc import Collection

from kernel.ids import UserId
from services.auth.model import Account
from services.auth.ports import AccountStore


class BatchGetUsers:
    """Accounts, deleted ones too; unknown ids are left out."""

    def __init__(self, *, accounts: AccountStore) -> None:
        self._accounts = accounts

    async def __call__(self, user_ids: Collection[UserId]) -> Collection[Account]:
        return (await self._accounts.get(user_ids)).values()

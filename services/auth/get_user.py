"""One user's profile."""

from kernel.ids import UserId
from services.auth.model import Account, user_not_found
from services.auth.ports import AccountStore


class GetUser:
    """An account that is not deleted."""

    def __init__(self, *, accounts: AccountStore) -> None:
        self._accounts = accounts

    async def __call__(self, user_id: UserId) -> Account:
        """Errors: NOT_FOUND `USER_NOT_FOUND`."""
        account = (await self._accounts.get([user_id])).get(user_id)
        if account is None or account.deleted_at is not None:
            raise user_not_found()
        return account

"""The caller's own profile."""

from kernel.ids import UserId
from services.auth.model import Account, session_ended
from services.auth.ports import AccountStore


class GetMe:
    """The caller's account."""

    def __init__(self, *, accounts: AccountStore) -> None:
        self._accounts = accounts

    async def __call__(self, user_id: UserId) -> Account:
        """Errors: UNAUTHENTICATED `SESSION_ENDED` if the account was deleted while the token still had time left."""
        account = (await self._accounts.get([user_id])).get(user_id)
        if account is None or account.deleted_at is not None:
            raise session_ended()
        return account

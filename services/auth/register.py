"""Register an account."""

from kernel.ids import UserId, random_id
from kernel.time import Clock
from services.auth.attempts import network_of
from services.auth.hashing import Client
from services.auth.model import Account
from services.auth.names import check_new_username
from services.auth.passwords import Passwords, check_new_password
from services.auth.ports import AccountStore


class Register:
    def __init__(self, *, accounts: AccountStore, passwords: Passwords, clock: Clock) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._clock = clock

    async def __call__(self, *, username: str, email: str, password: str, address: str) -> Account:
        """Create an account without logging in. `address`: the caller's network address.

        Errors: `EMAIL_TAKEN`, `USERNAME_TAKEN`, `INVALID_FIELD`, `PASSWORD_TOO_LONG`, `RATE_LIMITED`.
        """
        check_new_username(username)
        check_new_password(password, field="password")
        password_hash = await self._passwords.hash_first(password, client=Client(network_of(address)))
        now = self._clock.now()
        account = Account(
            user_id=UserId(random_id()),
            username=username,
            email=email,
            password_hash=password_hash,
            created_at=now,
            updated_at=now,
        )
        await self._accounts.add(account)
        return account

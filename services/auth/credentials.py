"""Password checks. They do not reveal which accounts exist, and they delay guesses."""

from collections.abc import Collection

from kernel.ids import UserId
from kernel.locks import KeyedLock
from kernel.time import Clock
from services.auth import attempts
from services.auth.errors import rate_limited, session_ended, wrong_credentials
from services.auth.model import Account
from services.auth.names import fold
from services.auth.passwords import Passwords
from services.auth.ports import AccountStore, AttemptLimiter, SessionStore

_UNKNOWN_USER = UserId("00000000-0000-0000-0000-000000000000")


class Credentials:
    def __init__(
        self,
        *,
        accounts: AccountStore,
        sessions: SessionStore,
        passwords: Passwords,
        limiter: AttemptLimiter,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._passwords = passwords
        self._limiter = limiter
        self._clock = clock
        self._locks = KeyedLock()

    async def login(self, email: str, password: str, *, address: str) -> Account:
        """Return the account with this e-mail address and password. An unknown address takes the same time.

        Errors: UNAUTHENTICATED `WRONG_CREDENTIALS`, RESOURCE_EXHAUSTED `RATE_LIMITED`.
        """
        folded = fold(email)
        account = await self._accounts.find_by_email(folded)
        if await self._has_session_at(account, address):
            keys = [attempts.home_key(folded, address)]
        else:
            keys = [attempts.account_key(folded), attempts.address_key(address)]
        return await self._check(account, password, keys)

    async def confirm(self, user_id: UserId, password: str) -> Account:
        """Return the account of a logged-in user if the password matches.

        Raise `SESSION_ENDED` if the account is deleted, and the errors of `login`.
        """
        account = (await self._accounts.get([user_id])).get(user_id)
        if account is None or account.deleted_at is not None:
            raise session_ended()
        return await self._check(account, password, [attempts.confirm_key(user_id)])

    async def _has_session_at(self, account: Account | None, address: str) -> bool:
        sessions = await self._sessions.of_user(account.user_id if account else _UNKNOWN_USER)
        now = self._clock.now()
        network = attempts.address_key(address)
        return any(attempts.address_key(each.address) == network for each in sessions if each.is_live(now))

    async def _check(self, account: Account | None, password: str, keys: Collection[str]) -> Account:
        # Run one check per key at a time: otherwise many concurrent guesses pass before the first failure is counted.
        account_key, *_ = keys
        async with self._locks.hold(account_key):
            if (delay := await self._limiter.delay(keys)) > 0:
                raise rate_limited("too many failed attempts, please retry later", retry_after=delay)
            matches = await self._passwords.matches(password, account.password_hash if account else None)
            if account is None or not matches:
                await self._limiter.record_failure(keys)
                raise wrong_credentials()
            await self._limiter.record_success(account_key)
            return account

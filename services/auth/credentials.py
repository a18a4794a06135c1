"""Checking passwords without telling strangers anything, and slowing down those who guess."""

from collections.abc import Collection

from kernel.ids import UserId
from kernel.locks import KeyedLock
from kernel.time import Clock
from services.auth import attempts
from services.auth.model import Account, rate_limited, session_ended, wrong_credentials
from services.auth.names import fold
from services.auth.passwords import Passwords
from services.auth.ports import AccountStore, AttemptLimiter, SessionStore

_NOBODY = UserId("00000000-0000-0000-0000-000000000000")


class Credentials:
    """Says whose a password is."""

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
        """The account of an address and its password, both right; one that does not exist costs the same.

        Errors: UNAUTHENTICATED `WRONG_CREDENTIALS`, RESOURCE_EXHAUSTED `RATE_LIMITED`.
        """
        folded = fold(email)
        account = await self._accounts.find_by_email(folded)
        if await self._is_at_home(account, address):
            keys = [attempts.home_key(folded, address)]
        else:
            keys = [attempts.account_key(folded), attempts.address_key(address)]
        return await self._check(account, password, keys)

    async def confirm(self, user_id: UserId, password: str) -> Account:
        """The account of a user who is logged in, if the password is theirs. Errors as in `login`."""
        account = (await self._accounts.get([user_id])).get(user_id)
        if account is None or account.deleted_at is not None:
            raise session_ended()
        return await self._check(account, password, [attempts.confirm_key(user_id)])

    async def _is_at_home(self, account: Account | None, address: str) -> bool:
        sessions = await self._sessions.of_user(account.user_id if account else _NOBODY)
        now = self._clock.now()
        place = attempts.address_key(address)
        return any(attempts.address_key(each.address) == place for each in sessions if each.is_live(now))

    async def _check(self, account: Account | None, password: str, keys: Collection[str]) -> Account:
        # One at a time for each account, or a hundred guesses at once would all pass before the first one counts.
        who, *_ = keys
        async with self._locks.hold(who):
            if (delay := await self._limiter.wait(keys)) > 0:
                raise rate_limited("too many failed attempts", retry_after=delay)
            matches = await self._passwords.matches(password, account.password_hash if account else None)
            if account is None or not matches:
                await self._limiter.failed(keys)
                raise wrong_credentials()
            await self._limiter.succeeded(who)
            return account

"""Password checks. They do not reveal which accounts exist, and they delay guesses."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from kernel.errors import ChatlyError
from kernel.ids import UserId
from kernel.locks import KeyedLock, Slots
from kernel.time import Clock
from services.auth import attempts
from services.auth.attempts import NETWORK_FORGOTTEN_EVERY, AttemptLimit
from services.auth.errors import rate_limited, session_ended, wrong_credentials
from services.auth.hashing import Client
from services.auth.model import Account
from services.auth.names import fold
from services.auth.passwords import Passwords
from services.auth.ports import AccountStore, AttemptLimiter, SessionStore

_UNKNOWN_USER = UserId("00000000-0000-0000-0000-000000000000")
_MAX_IN_PROGRESS = 32
"""Maximum number of unfinished attempts at one account from one address, on this node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeFailures:
    """The numbers of failures before further attempts are delayed."""

    pair: int = 5
    """On one account from one address."""
    account: int = 20
    """On one account from all addresses where it has no session."""
    address: int = 50
    """From one address on all accounts. One of them is forgotten every minute."""


class Credentials:
    def __init__(
        self,
        *,
        accounts: AccountStore,
        sessions: SessionStore,
        passwords: Passwords,
        limiter: AttemptLimiter,
        clock: Clock,
        free: FreeFailures = FreeFailures(),
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._passwords = passwords
        self._limiter = limiter
        self._clock = clock
        self._free = free
        self._locks = KeyedLock()
        self._in_progress = Slots(_MAX_IN_PROGRESS)

    async def login(self, email: str, password: str, *, address: str) -> Account:
        """Return the account with this e-mail address and password. An unknown address takes the same time.

        Errors: UNAUTHENTICATED `WRONG_CREDENTIALS`, RESOURCE_EXHAUSTED `RATE_LIMITED`.
        """
        folded, free = fold(email), self._free
        account = await self._accounts.find_by_email(folded)
        if await self._has_session_at(account, address):
            limits = [AttemptLimit(attempts.home_key(folded, address), free.pair)]
        else:
            limits = [
                AttemptLimit(attempts.pair_key(folded, address), free.pair),
                AttemptLimit(attempts.account_key(folded), free.account),
                AttemptLimit(
                    attempts.address_key(address),
                    free.address,
                    longest=NETWORK_FORGOTTEN_EVERY,
                    forgotten_every=NETWORK_FORGOTTEN_EVERY,
                ),
            ]
        return await self._check(account, password, limits, Client(attempts.network_of(address), folded))

    async def confirm(self, user_id: UserId, password: str) -> Account:
        """Return the account of a logged-in user if the password matches.

        Raise `SESSION_ENDED` if the account is deleted, and the errors of `login`.
        """
        account = (await self._accounts.get([user_id])).get(user_id)
        if account is None or account.deleted_at is not None:
            raise session_ended()
        limits = [AttemptLimit(attempts.confirm_key(user_id), self._free.pair)]
        return await self._check(account, password, limits, Client(user_id))

    async def _has_session_at(self, account: Account | None, address: str) -> bool:
        sessions = await self._sessions.of_user(account.user_id if account else _UNKNOWN_USER)
        now = self._clock.now()
        network = attempts.network_of(address)
        return any(attempts.network_of(each.address) == network for each in sessions if each.is_live(now))

    async def _check(
        self, account: Account | None, password: str, limits: Sequence[AttemptLimit], client: Client
    ) -> Account:
        async with self._in_order(limits[0].key):
            if (delay := await self._limiter.begin(limits)) > 0:
                raise rate_limited("too many failed attempts, please retry later", retry_after=delay)
            matches = await self._matches(account, password, limits, client)
            if account is None or not matches:
                raise wrong_credentials()
            await self._forgive_all(limits)
            return account

    @asynccontextmanager
    async def _in_order(self, key: str) -> AsyncIterator[None]:
        """Wait until earlier attempts with this key have finished.

        Each attempt counts as a failure until it succeeds, so concurrent logins of one user would delay one another.
        """
        if self._in_progress.is_full(key):
            raise rate_limited("too many concurrent logins, please retry", retry_after=1.0)
        with self._in_progress.hold(key):
            async with self._locks.hold(key):
                yield

    async def _matches(
        self, account: Account | None, password: str, limits: Sequence[AttemptLimit], client: Client
    ) -> bool:
        try:
            return await self._passwords.matches(password, account.password_hash if account else None, client=client)
        except ChatlyError:
            # The queue is full, so the password was not checked.
            for limit in limits:
                await self._limiter.forgive(limit.key, 1)
            raise

    async def _forgive_all(self, limits: Sequence[AttemptLimit]) -> None:
        """Forget the failures on the account. From the count of the address, remove only those of this account.

        Otherwise somebody who guesses passwords of others could reset the address with an account of their own.
        """
        first, *others = limits
        failures = await self._limiter.reset(first.key)
        for limit in others:
            if limit.is_shared:
                await self._limiter.forgive(limit.key, failures)
            else:
                await self._limiter.reset(limit.key)

"""Log in: check a password and start a session."""

from datetime import timedelta

from kernel.ids import SessionId, random_id
from kernel.time import Clock
from services.auth.access_tokens import AccessTokens
from services.auth.attempts import network_of
from services.auth.credentials import Credentials
from services.auth.errors import wrong_credentials
from services.auth.hashing import Client
from services.auth.model import MAX_SESSIONS, Account, Device, Session, Tokens
from services.auth.passwords import Passwords
from services.auth.ports import AccountChanges, AccountStore, SessionEndings, SessionStore
from services.auth.refresh_tokens import first_token


class Login:
    def __init__(
        self,
        *,
        credentials: Credentials,
        accounts: AccountStore,
        changes: AccountChanges,
        sessions: SessionStore,
        endings: SessionEndings,
        passwords: Passwords,
        tokens: AccessTokens,
        clock: Clock,
        session_life: timedelta,
    ) -> None:
        self._credentials = credentials
        self._accounts = accounts
        self._changes = changes
        self._sessions = sessions
        self._endings = endings
        self._passwords = passwords
        self._tokens = tokens
        self._clock = clock
        self._session_life = session_life

    async def __call__(self, *, email: str, password: str, device: Device) -> Tokens:
        """Start a session. Errors: UNAUTHENTICATED `WRONG_CREDENTIALS`, RESOURCE_EXHAUSTED `RATE_LIMITED`."""
        account = await self._credentials.login(email, password, address=device.address)
        account = await self._with_current_cost(account, password, network=network_of(device.address))
        now = self._clock.now()
        session = Session(
            session_id=SessionId(random_id()),
            user_id=account.user_id,
            device_name=device.name,
            address=device.address,
            created_at=now,
            last_used_at=now,
        )
        refresh = first_token(session.session_id)
        await self._end_surplus(account)
        await self._sessions.add(session, token_hash=refresh.token_hash)
        await self._end_if_account_changed(session, account)
        access, expires_at = self._tokens.issue(account.user_id, session.session_id)
        return Tokens(
            account=account,
            session_id=session.session_id,
            access=access,
            access_expires_at=expires_at,
            refresh=refresh.text(),
            refresh_expires_at=session.expires_at(now, life=self._session_life),
        )

    async def _with_current_cost(self, account: Account, password: str, *, network: str) -> Account:
        """Hash the password with the configured cost if the stored hash has another cost, and return the account.

        Otherwise the duration of a check would show which accounts exist.
        """
        if not self._passwords.is_outdated(account.password_hash):
            return account
        new_hash = await self._passwords.hash(password, client=Client(network, account.email))
        changed = await self._changes.set_password(account.user_id, old_hash=account.password_hash, new_hash=new_hash)
        return changed or account

    async def _end_surplus(self, account: Account) -> None:
        sessions = sorted(
            await self._sessions.of_user(account.user_id), key=lambda each: each.last_used_at, reverse=True
        )
        surplus = [each.session_id for each in sessions[MAX_SESSIONS - 1 :]]
        if surplus:
            await self._endings.end(surplus, at=self._clock.now())

    async def _end_if_account_changed(self, session: Session, account: Account) -> None:
        """End the session and raise if the password was changed or the account was deleted during this login.

        The concurrent change has ended all sessions that it found, but it may not have found this one.
        """
        current = (await self._accounts.get([account.user_id])).get(account.user_id)
        if current is None or current.password_hash != account.password_hash:
            await self._endings.end([session.session_id], at=self._clock.now())
            raise wrong_credentials()

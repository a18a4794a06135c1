"""Exchange a refresh token for new tokens."""

import secrets
from datetime import timedelta
from typing import NoReturn

from kernel.errors import unauthenticated
from kernel.time import Clock
from services.auth.access_tokens import AccessTokens
from services.auth.errors import AuthReason, refresh_token_invalid, session_ended
from services.auth.model import (
    REFRESH_GRACE,
    Account,
    RefreshToken,
    Session,
    Tokens,
)
from services.auth.ports import AccountStore, RefreshTokenStore, SessionEndings, SessionStore
from services.auth.refresh_tokens import SALT_BYTES, RefreshSecret, parse_token


class Refresh:
    """Exchanges a refresh token for new tokens.

    Within REFRESH_GRACE, a spent token still gives its live successor. Later, its use ends the session, because the
    token may be stolen.
    """

    def __init__(
        self,
        *,
        accounts: AccountStore,
        sessions: SessionStore,
        endings: SessionEndings,
        refresh_tokens: RefreshTokenStore,
        tokens: AccessTokens,
        clock: Clock,
        session_life: timedelta,
    ) -> None:
        """`session_life`: after this time a session ends, however often it is used."""
        self._accounts = accounts
        self._sessions = sessions
        self._endings = endings
        self._refresh_tokens = refresh_tokens
        self._tokens = tokens
        self._clock = clock
        self._session_life = session_life

    async def __call__(self, token: str, *, address: str) -> Tokens:
        """Return new tokens. Errors, all UNAUTHENTICATED: `TOKEN_INVALID`, `SESSION_ENDED`, `REFRESH_TOKEN_REUSED`."""
        given = parse_token(token)
        known = await self._refresh_tokens.find(given.session_id, given.token_hash)
        if known is None:
            await self._reject_unknown(given)
        session = await self._live_session(known)
        await self._end_if_stolen(known)
        account = await self._owner(session)
        fresh = await self._live_token(given, known)
        now = self._clock.now()
        await self._sessions.touch(session.session_id, address=address, at=now)
        access, expires_at = self._tokens.issue(account.user_id, session.session_id)
        return Tokens(
            account=account,
            session_id=session.session_id,
            access=access,
            access_expires_at=expires_at,
            refresh=fresh.text(),
            refresh_expires_at=session.expires_at(now, life=self._session_life),
        )

    async def _reject_unknown(self, given: RefreshSecret) -> NoReturn:
        """Raise `SESSION_ENDED` if the token's session has ended, else `TOKEN_INVALID`.

        When an account is deleted, its sessions are ended and their tokens are deleted.
        """
        session = await self._sessions.get(given.session_id)
        raise refresh_token_invalid() if session is None or session.ended_at is None else session_ended()

    async def _live_session(self, known: RefreshToken) -> Session:
        session = await self._sessions.get(known.session_id)
        if session is None or not session.is_live(self._clock.now()):
            raise session_ended()
        if (now := self._clock.now()) >= session.created_at + self._session_life:
            await self._endings.end([session.session_id], at=now)
            raise session_ended()
        return session

    async def _end_if_stolen(self, known: RefreshToken) -> None:
        now = self._clock.now()
        if known.spent_at is not None and now > known.spent_at + REFRESH_GRACE:
            await self._endings.end([known.session_id], at=now)
            message = "this refresh token was used before; the session has been ended"
            raise unauthenticated(AuthReason.REFRESH_TOKEN_REUSED, message)

    async def _owner(self, session: Session) -> Account:
        account = (await self._accounts.get([session.user_id])).get(session.user_id)
        if account is None or account.deleted_at is not None:
            raise session_ended()
        return account

    async def _live_token(self, given: RefreshSecret, known: RefreshToken) -> RefreshSecret:
        """Return the live token that follows `given`.

        If `given` is live, rotate it. If it is spent, follow its successors to the live one.
        """
        if known.spent_at is None:
            salt = secrets.token_bytes(SALT_BYTES)
            successor_hash = given.successor(salt).token_hash
            known = await self._refresh_tokens.rotate(
                known, successor_hash=successor_hash, salt=salt, at=self._clock.now()
            )
        while known.salt is not None:
            given = given.successor(known.salt)
            successor = await self._refresh_tokens.find(given.session_id, given.token_hash)
            if successor is None or successor.spent_at is None:
                return given
            known = successor
        raise refresh_token_invalid()

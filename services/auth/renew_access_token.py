"""Renew an access token for a service that works for its user longer than the token is valid."""

from datetime import datetime, timedelta

from kernel.errors import KernelReason, unauthenticated
from kernel.grpc.tokens import TokenVerifier
from kernel.time import Clock
from services.auth.access_tokens import AccessTokens
from services.auth.errors import session_ended
from services.auth.ports import SessionStore

_LONGEST_PAUSE = timedelta(hours=1)


class RenewAccessToken:
    """Needs a token of the session, so a service can renew only tokens that users have sent to it."""

    def __init__(self, *, verifier: TokenVerifier, sessions: SessionStore, tokens: AccessTokens, clock: Clock) -> None:
        self._verifier = verifier
        self._sessions = sessions
        self._tokens = tokens
        self._clock = clock

    async def __call__(self, token: str) -> tuple[str, datetime]:
        """Return a token of the same session, and when it expires. Errors: see AuthService.RenewAccessToken."""
        caller = await self._verifier.identify(token)
        now = self._clock.now()
        if now > caller.expires_at + _LONGEST_PAUSE:
            raise unauthenticated(KernelReason.TOKEN_EXPIRED, "the access token expired more than an hour ago")
        session = await self._sessions.get(caller.session_id)
        if session is None or session.user_id != caller.user_id or not session.is_live(now):
            raise session_ended()
        return self._tokens.issue(caller.user_id, caller.session_id)

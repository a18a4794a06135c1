"""Access tokens of users and tokens of services: how they are checked, and how service tokens are made.

User tokens are issued by auth alone; nothing here can make one.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kernel.cache import BoundedCache
from kernel.errors import ChatlyError, KernelReason, unauthenticated
from kernel.grpc.context import ServiceCaller, UserCaller
from kernel.ids import SessionId, UserId
from kernel.time import Clock

ISSUER = "chatly"
USER_AUDIENCE = "chatly"
SERVICE_AUDIENCE = "chatly-service"
MIN_SECRET_BYTES = 32

_SERVICE_TOKEN_LIFE = timedelta(minutes=5)
_KNOWN_SERVICE_TOKENS = 1_000
_RENEW_BEFORE = timedelta(minutes=1)
_USER_CLAIMS = ["sub", "userId", "sid", "jti", "iat", "exp"]
_SERVICE_CLAIMS = ["sub", "iat", "exp"]


class TokenKeys(Protocol):
    """What access tokens are checked against."""

    async def key(self, kid: str) -> Ed25519PublicKey | None:
        """The public key of this id, or None where no such key is in use."""
        ...

    def is_revoked(self, session_id: SessionId) -> bool:
        """Whether this session was ended while its tokens had time left. Asked on every call: answers from memory."""
        ...


class TokenVerifier:
    """Checks access tokens. A good one is remembered until it runs out; its session is looked at every time."""

    def __init__(self, *, keys: TokenKeys, clock: Clock, remembered: int = 20_000) -> None:
        """`remembered`: how many tokens to keep, the oldest go first."""
        self._keys = keys
        self._clock = clock
        self._known: BoundedCache[str, UserCaller] = BoundedCache(capacity=remembered)

    async def verify(self, token: str) -> UserCaller:
        """Who this token speaks for; UNAUTHENTICATED `TOKEN_INVALID`, `TOKEN_EXPIRED` or `SESSION_ENDED`."""
        caller = self._known.get(token)
        if caller is None:
            caller = await self._decode(token)
            self._known.put(token, caller)
        if complaint := self.complaint(caller):
            self._known.pop(token)
            raise complaint
        return caller

    def complaint(self, caller: UserCaller) -> ChatlyError | None:
        """Why a caller who was let in may not go on, or None. Streams are asked every second."""
        if self._keys.is_revoked(caller.session_id):
            return unauthenticated(KernelReason.SESSION_ENDED, "the session was ended: log in again")
        if self._clock.now() >= caller.expires_at:
            return unauthenticated(KernelReason.TOKEN_EXPIRED, "the access token has expired: refresh it and try again")
        return None

    async def _decode(self, token: str) -> UserCaller:
        try:
            kid = jwt.get_unverified_header(token).get("kid", "")
        except jwt.InvalidTokenError as error:
            raise _invalid("is not a JWT") from error
        key = await self._keys.key(kid) if kid else None
        if key is None:
            raise _invalid("is signed with an unknown key")
        claims = _claims(token, key, "EdDSA", USER_AUDIENCE, _USER_CLAIMS)
        return UserCaller(
            user_id=UserId(str(claims["userId"])),
            session_id=SessionId(str(claims["sid"])),
            expires_at=_moment(claims["exp"]),
            token=token,
        )


class ServiceTokens:
    """Tokens by which services and operators know each other: HS256 over the mesh's one secret, good for 5 minutes."""

    def __init__(self, secret: bytes, *, clock: Clock) -> None:
        if len(secret) < MIN_SECRET_BYTES:
            raise ValueError(f"the service secret has {len(secret)} bytes, it needs at least {MIN_SECRET_BYTES}")
        self._secret = secret
        self._clock = clock
        self._issued: dict[str, tuple[str, datetime]] = {}
        self._known: BoundedCache[str, tuple[ServiceCaller, datetime]] = BoundedCache(capacity=_KNOWN_SERVICE_TOKENS)

    def issue(self, name: str) -> str:
        """A token that says "I am the service `name`", with at least a minute left."""
        now = self._clock.now()
        token, expires_at = self._issued.get(name, ("", now))
        if expires_at - now > _RENEW_BEFORE:
            return token
        expires_at = now + _SERVICE_TOKEN_LIFE
        claims = {"iss": ISSUER, "aud": SERVICE_AUDIENCE, "sub": name, "iat": now, "exp": expires_at}
        token = jwt.encode(claims, self._secret, algorithm="HS256")
        self._issued[name] = (token, expires_at)
        return token

    def verify(self, token: str) -> ServiceCaller:
        """Which service this token speaks for; UNAUTHENTICATED `TOKEN_INVALID` or `TOKEN_EXPIRED`."""
        now = self._clock.now()
        known = self._known.get(token)
        if known is None:
            known = self._decode(token)
            self._known.put(token, known)
        caller, expires_at = known
        if now >= expires_at:
            self._known.pop(token)
            raise unauthenticated(KernelReason.TOKEN_EXPIRED, "the service token has expired")
        return caller

    def _decode(self, token: str) -> tuple[ServiceCaller, datetime]:
        claims = _claims(token, self._secret, "HS256", SERVICE_AUDIENCE, _SERVICE_CLAIMS)
        return ServiceCaller(name=str(claims["sub"])), _moment(claims["exp"])


def _claims(
    token: str, key: Ed25519PublicKey | bytes, algorithm: str, audience: str, required: list[str]
) -> dict[str, Any]:
    try:
        return jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=audience,
            issuer=ISSUER,
            # Time is judged by our own clock, which tests can set.
            options={"require": required, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
    except jwt.InvalidTokenError as error:
        raise _invalid("is forged, incomplete or not meant for Chatly") from error


def _moment(seconds: Any) -> datetime:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise _invalid("says no time that it runs out") from error


def _invalid(what: str) -> ChatlyError:
    return unauthenticated(KernelReason.TOKEN_INVALID, f"the token {what}")

"""Checks access tokens and service tokens, and issues service tokens. Only auth issues access tokens."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import jwt
from chatly.options.v1 import access_pb2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kernel.cache import BoundedCache
from kernel.errors import ChatlyError, KernelReason, denied, unauthenticated
from kernel.grpc.context import USER_KEY, Caller, ServiceCaller, UserCaller, caller_var
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
    """The public keys and ended sessions that access tokens are checked against."""

    async def key(self, kid: str) -> Ed25519PublicKey | None:
        """Return the public key with this id, or None if no such key is in use."""
        ...

    @property
    def revoked(self) -> Collection[str]:
        """Sessions that ended before their tokens expired. Every call looks here, so they are kept in memory."""
        ...


class TokenVerifier:
    """Checks access tokens. A valid token is cached until it expires; its session is checked every time."""

    def __init__(self, *, keys: TokenKeys, clock: Clock, remembered: int = 20_000) -> None:
        """`remembered`: number of tokens in the cache."""
        self._keys = keys
        self._clock = clock
        self._known: BoundedCache[str, UserCaller] = BoundedCache(capacity=remembered)

    async def verify(self, token: str) -> UserCaller:
        """Return the user of this token; raise UNAUTHENTICATED `TOKEN_INVALID`, `TOKEN_EXPIRED` or `SESSION_ENDED`."""
        caller = self._known.get(token)
        if caller is None:
            caller = await self._decode(token)
            self._known.put(token, caller)
        if rejection := self.rejection(caller):
            self._known.pop(token)
            raise rejection
        return caller

    def rejection(self, caller: UserCaller) -> ChatlyError | None:
        """Return the error for a caller whose token has expired or whose session has ended, or None."""
        if ended := self.session_rejection(caller):
            return ended
        if self._clock.now() >= caller.expires_at:
            return unauthenticated(KernelReason.TOKEN_EXPIRED, "the access token has expired: refresh it and try again")
        return None

    def session_rejection(self, caller: UserCaller) -> ChatlyError | None:
        """Return the error for a caller whose session has ended, or None. The token may have expired.

        An ended session is known for at least the lifetime of a token, so ask more often than that.
        """
        if caller.session_id in self._keys.revoked:
            return unauthenticated(KernelReason.SESSION_ENDED, "the session has ended: log in again")
        return None

    async def identify(self, token: str) -> UserCaller:
        """Return the user of a token, even if it has expired or its session has ended. Raise `TOKEN_INVALID`."""
        return await self._decode(token)

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
            expires_at=_time(claims["exp"]),
            token=token,
        )


class ServiceTokens:
    """Issues and checks tokens of services and operators: HS256 with the secret of the mesh, valid for 5 minutes."""

    def __init__(self, secret: bytes, *, clock: Clock) -> None:
        if len(secret) < MIN_SECRET_BYTES:
            raise ValueError(f"the service secret has {len(secret)} bytes, it needs at least {MIN_SECRET_BYTES}")
        self._secret = secret
        self._clock = clock
        self._issued: dict[str, tuple[str, datetime]] = {}
        self._known: BoundedCache[str, tuple[ServiceCaller, datetime]] = BoundedCache(capacity=_KNOWN_SERVICE_TOKENS)

    def issue(self, name: str) -> str:
        """Return a token of the service `name` that is valid for at least one more minute."""
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
        """Return the service of this token; raise UNAUTHENTICATED `TOKEN_INVALID` or `TOKEN_EXPIRED`."""
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
        return ServiceCaller(name=str(claims["sub"])), _time(claims["exp"])


class Access:
    """Checks callers against the `(chatly.options.v1.access)` of a method. Use cases decide everything else."""

    def __init__(self, *, tokens: TokenVerifier, service_tokens: ServiceTokens) -> None:
        self._tokens = tokens
        self._service_tokens = service_tokens

    async def admit(self, access: access_pb2.Access.ValueType, token: str | None, for_user: str) -> Caller:
        """Check the token, set `caller_var` and return the caller. For a public method, only return None.

        `for_user`: see `Request`. Raise UNAUTHENTICATED `TOKEN_*` or `SESSION_ENDED`, PERMISSION_DENIED `SERVICE_ONLY`.
        """
        if access == access_pb2.ACCESS_PUBLIC:
            return None
        if token is None:
            raise unauthenticated(KernelReason.TOKEN_MISSING, "this call needs a token: authorization: Bearer …")
        caller = await self._tokens.verify(token) if access == access_pb2.ACCESS_USER else await self._service(token)
        if for_user and isinstance(caller, UserCaller):
            check_user(caller, for_user)
        # Never reset: a cancelled stream is closed in another context, in which a reset would fail.
        caller_var.set(caller)
        return caller

    async def _service(self, token: str) -> ServiceCaller:
        try:
            return self._service_tokens.verify(token)
        except ChatlyError as error:
            # A user with a valid token gets PERMISSION_DENIED, because no other token of this user would help.
            await self._tokens.verify(token)
            raise denied(KernelReason.SERVICE_ONLY, "only services and operators may call this") from error


def check_user(caller: UserCaller, for_user: str) -> None:
    """Raise UNAUTHENTICATED `TOKEN_OF_OTHER_USER` if a call is for another user. `for_user`: see `Request`."""
    if for_user not in {"", caller.user_id}:
        message = f"the token belongs to another user than the header {USER_KEY} names: somebody else has logged in"
        raise unauthenticated(KernelReason.TOKEN_OF_OTHER_USER, message)


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
            # Expiry is checked against the injected clock.
            options={"require": required, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
    except jwt.InvalidTokenError as error:
        raise _invalid("is forged, incomplete or not meant for Chatly") from error


def _time(seconds: Any) -> datetime:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise _invalid("has an invalid time of expiry") from error


def _invalid(what: str) -> ChatlyError:
    return unauthenticated(KernelReason.TOKEN_INVALID, f"the token {what}")

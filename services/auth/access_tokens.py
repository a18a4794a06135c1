"""Signing of access tokens, and the keys with which auth's own server verifies them."""

from datetime import datetime, timedelta

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kernel.grpc.tokens import ISSUER, USER_AUDIENCE
from kernel.ids import SessionId, UserId, random_id
from kernel.time import Clock
from services.auth.keys import KeyRing, private_key
from services.auth.revocations import Revocations


class AccessTokens:
    """Signs access tokens, which are Ed25519 JWTs.

    They contain `sub`, `userId`, `sid`, `jti`, `iat`, `exp`, `iss` and `aud`. Both `sub` and `userId` are the user's
    id.
    """

    def __init__(self, *, keys: KeyRing, clock: Clock, life: timedelta) -> None:
        self._keys = keys
        self._clock = clock
        self._life = life

    def issue(self, user_id: UserId, session_id: SessionId) -> tuple[str, datetime]:
        """Return a token for the session, and the time when the token expires (a whole second)."""
        now = self._clock.now().replace(microsecond=0)
        expires_at = now + self._life
        claims = {
            "iss": ISSUER,
            "aud": USER_AUDIENCE,
            "sub": user_id,
            "userId": user_id,
            "sid": session_id,
            "jti": random_id(),
            "iat": now,
            "exp": expires_at,
        }
        key = self._keys.signing()
        token = jwt.encode(claims, private_key(key), algorithm="EdDSA", headers={"kid": key.kid})
        return token, expires_at


class OwnTokenKeys:
    """TokenKeys for auth's own server. It uses the keys that this node has read, so it calls no other service."""

    def __init__(self, *, keys: KeyRing, revocations: Revocations) -> None:
        self._keys = keys
        self._revocations = revocations

    async def key(self, kid: str) -> Ed25519PublicKey | None:
        return self._keys.find(kid)

    @property
    def revoked(self) -> frozenset[SessionId]:
        return self._revocations.revoked

"""Signing keys of access tokens: rotation, the current key, and the published keys (JWKS)."""

import base64
import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kernel.ids import SessionId
from kernel.time import Clock
from services.auth.model import CLOCK_SLACK, SigningKey
from services.auth.ports import KeyStore
from services.auth.revocations import Revocations

PUBLISHED_AHEAD = timedelta(minutes=10)
"""A key is published this long before it signs, so that every service has read it by then."""


class KeyRing:
    """The signing keys that this node has read. Call `refresh` before the first use, and then every minute."""

    def __init__(self, *, store: KeyStore, clock: Clock, rotate_every: timedelta, token_life: timedelta) -> None:
        self._store = store
        self._clock = clock
        self._rotate_every = rotate_every
        self._token_life = token_life
        self._keys: Sequence[SigningKey] = ()

    async def refresh(self) -> None:
        """Read the keys. Create the first or the next key when due, and delete keys whose tokens have expired."""
        self._keys = await self._store.all()
        now = self._clock.now()
        if (due := self._next_key(now)) is not None:
            # If another node has added a key with this number first, that key is used.
            await self._store.add(due)
            self._keys = await self._store.all()
        for number in self._expired(now):
            await self._store.remove(number)

    def signing(self) -> SigningKey:
        """Return the current signing key."""
        now = self._clock.now()
        return [key for key in self._keys if key.signs_from <= now][-1]

    def published(self) -> Sequence[SigningKey]:
        """Return the keys that have tokens in use now, or will sign soon, sorted by number."""
        expired = set(self._expired(self._clock.now()))
        return [key for key in self._keys if key.number not in expired]

    def find(self, kid: str) -> Ed25519PublicKey | None:
        """Return the public key of a published key, or None."""
        return next((public_key(key) for key in self.published() if key.kid == kid), None)

    def _next_key(self, now: datetime) -> SigningKey | None:
        if not self._keys:
            return new_key(1, signs_from=now)
        last = self._keys[-1]
        if now < last.signs_from + self._rotate_every - PUBLISHED_AHEAD:
            return None
        return new_key(last.number + 1, signs_from=now + PUBLISHED_AHEAD)

    def _expired(self, now: datetime) -> list[int]:
        """Return the numbers of keys whose last token has expired."""
        until = now - self._token_life - CLOCK_SLACK
        pairs = zip(self._keys, self._keys[1:], strict=False)
        return [key.number for key, successor in pairs if successor.signs_from <= until]


@dataclass(frozen=True, slots=True)
class Jwks:
    """The public keys (RFC 8037), and the sessions whose access tokens are revoked."""

    keys: Sequence[dict[str, str]]
    revoked: Collection[SessionId]


class GetJwks:
    """Returns the public keys and the revoked sessions.

    Each call reads the revoked sessions of all nodes from the store, so that a restart loses none.
    """

    def __init__(self, *, keys: KeyRing, revocations: Revocations) -> None:
        self._keys = keys
        self._revocations = revocations

    async def __call__(self) -> Jwks:
        return Jwks(self.keys(), await self._revocations.recent())

    def keys(self) -> Sequence[dict[str, str]]:
        """Return only the public keys, for the edge."""
        return [public_jwk(key) for key in self._keys.published()]


def new_key(number: int, *, signs_from: datetime) -> SigningKey:
    """Return a new random key with this number."""
    seed = secrets.token_bytes(32)
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return SigningKey(
        number=number, kid=_base64url(hashlib.sha256(public).digest()[:12]), seed=seed, signs_from=signs_from
    )


def private_key(key: SigningKey) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(key.seed)


def public_key(key: SigningKey) -> Ed25519PublicKey:
    return private_key(key).public_key()


def public_jwk(key: SigningKey) -> dict[str, str]:
    """Return the public key as a JWK (RFC 8037)."""
    x = _base64url(public_key(key).public_bytes_raw())
    return {"kty": "OKP", "crv": "Ed25519", "kid": key.kid, "x": x, "alg": "EdDSA", "use": "sig"}


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")

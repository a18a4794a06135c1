"""The keys that access tokens are signed with: which one signs, which are published, and when the next one is made."""

import base64
import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kernel.time import Clock
from services.auth.model import CLOCK_SLACK, SigningKey
from services.auth.ports import KeyStore

PUBLISHED_AHEAD = timedelta(minutes=10)
"""How long everyone may take to learn of a key before it signs."""


class KeyRing:
    """What this node knows of the signing keys. `refresh` must be called once before, and then every minute."""

    def __init__(self, *, store: KeyStore, clock: Clock, rotate_every: timedelta, token_life: timedelta) -> None:
        self._store = store
        self._clock = clock
        self._rotate_every = rotate_every
        self._token_life = token_life
        self._keys: Sequence[SigningKey] = ()

    async def refresh(self) -> None:
        """Read the keys again; make the first or the next one when it is time, and destroy those nobody needs."""
        self._keys = await self._store.all()
        now = self._clock.now()
        if (due := self._next_key(now)) is not None:
            # Whoever was first, its key is the one that counts.
            await self._store.add(due)
            self._keys = await self._store.all()
        for number in self._outlived(now):
            await self._store.remove(number)

    def signing(self) -> SigningKey:
        """The key that signs now."""
        now = self._clock.now()
        return [key for key in self._keys if key.signs_from <= now][-1]

    def published(self) -> Sequence[SigningKey]:
        """The keys whose tokens may be in use now or will be soon, by number."""
        outlived = set(self._outlived(self._clock.now()))
        return [key for key in self._keys if key.number not in outlived]

    def find(self, kid: str) -> Ed25519PublicKey | None:
        """The public half of a published key."""
        return next((public_half(key) for key in self.published() if key.kid == kid), None)

    def _next_key(self, now: datetime) -> SigningKey | None:
        if not self._keys:
            return new_key(1, signs_from=now)
        last = self._keys[-1]
        if now < last.signs_from + self._rotate_every - PUBLISHED_AHEAD:
            return None
        return new_key(last.number + 1, signs_from=now + PUBLISHED_AHEAD)

    def _outlived(self, now: datetime) -> list[int]:
        """Keys whose last token has run out, by number."""
        until = now - self._token_life - CLOCK_SLACK
        followed = zip(self._keys, self._keys[1:], strict=False)
        return [key.number for key, follower in followed if follower.signs_from <= until]


def new_key(number: int, *, signs_from: datetime) -> SigningKey:
    """A random key."""
    seed = secrets.token_bytes(32)
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return SigningKey(
        number=number, kid=_base64url(hashlib.sha256(public).digest()[:12]), seed=seed, signs_from=signs_from
    )


def private_half(key: SigningKey) -> Ed25519PrivateKey:
    """What signs."""
    return Ed25519PrivateKey.from_private_bytes(key.seed)


def public_half(key: SigningKey) -> Ed25519PublicKey:
    """What checks."""
    return private_half(key).public_key()


def public_jwk(key: SigningKey) -> dict[str, str]:
    """The public half as in RFC 8037."""
    x = _base64url(public_half(key).public_bytes_raw())
    return {"kty": "OKP", "crv": "Ed25519", "kid": key.kid, "x": x, "alg": "EdDSA", "use": "sig"}


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")

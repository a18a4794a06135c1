"""Builders for tests: ids, times, keys and tokens. Every part has a default."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kernel.grpc.tokens import ISSUER, USER_AUDIENCE

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)

_numbers = count(1)


def an_id() -> str:
    """Return a UUID as text: a new one at each call, the same sequence in each run."""
    return str(UUID(int=next(_numbers), version=4))


def a_send_id(created: datetime) -> UUID:
    """Return a client_message_id as clients make it: a version 7 UUID, with the time of its creation."""
    milliseconds = int(created.timestamp() * 1_000)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | 0b10 << 62 | next(_numbers))


@dataclass(frozen=True, slots=True)
class Keypair:
    """A signing key like those of auth."""

    kid: str
    private: Ed25519PrivateKey

    @property
    def public(self) -> Ed25519PublicKey:
        return self.private.public_key()


def a_keypair(kid: str = "test-key") -> Keypair:
    return Keypair(kid, Ed25519PrivateKey.generate())


def user_token(
    user_id: str,
    *,
    keypair: Keypair,
    now: datetime,
    session_id: str | None = None,
    life: timedelta = timedelta(minutes=15),
    claims: Mapping[str, object] | None = None,
) -> str:
    """Return an access token as auth issues it. `claims` replace single claims; None removes one."""
    everything: dict[str, object] = {
        "iss": ISSUER,
        "aud": USER_AUDIENCE,
        "sub": user_id,
        "userId": user_id,
        "sid": session_id or an_id(),
        "jti": an_id(),
        "iat": now,
        "exp": now + life,
        **(claims or {}),
    }
    kept = {name: value for name, value in everything.items() if value is not None}
    return jwt.encode(kept, keypair.private, algorithm="EdDSA", headers={"kid": keypair.kid})

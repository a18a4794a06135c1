"""Tokens that must be refused, made with more than an attacker could have: auth's own signing key."""

import sqlite3
from datetime import UTC, datetime, timedelta

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kernel.grpc.tokens import ServiceTokens
from kernel.time import SystemClock
from tests.builders import Keypair, a_keypair, user_token
from tests.e2e.mesh import Mesh
from tests.e2e.people import Person


def service_token(mesh: Mesh) -> str:
    """Return a token as the services of this mesh use it."""
    secret = (mesh.data_dir / "secrets" / "service").read_bytes()
    return ServiceTokens(secret, clock=SystemClock()).issue("tester")


def bad_tokens(mesh: Mesh, owner: Person) -> dict[str, tuple[str, str]]:
    """Return tokens and the expected reasons by their defect."""
    real, now = signing_key(mesh), datetime.now(UTC)
    forged = a_keypair(real.kid)
    claims = jwt.decode(owner.token, options={"verify_signature": False})
    header, payload, signature = owner.token.split(".")
    public = real.public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {
        "nonsense": ("nonsense", "TOKEN_INVALID"),
        "signed with another key": (user_token(owner.user_id, keypair=forged, now=now), "TOKEN_INVALID"),
        "without a signature": (jwt.encode(claims, "", "none", {"kid": real.kid}), "TOKEN_INVALID"),
        "with its signature cut off": (f"{header}.{payload}.", "TOKEN_INVALID"),
        "with another's claims": (f"{header}.{_swapped(payload, claims)}.{signature}", "TOKEN_INVALID"),
        "signed with the public key as a secret": (
            jwt.encode(claims, public, "HS256", {"kid": real.kid}),
            "TOKEN_INVALID",
        ),
        "expired": (user_token(owner.user_id, keypair=real, now=now - timedelta(hours=1)), "TOKEN_EXPIRED"),
        "for another audience": (
            user_token(owner.user_id, keypair=real, now=now, claims={"aud": "others"}),
            "TOKEN_INVALID",
        ),
        "by another issuer": (
            user_token(owner.user_id, keypair=real, now=now, claims={"iss": "others"}),
            "TOKEN_INVALID",
        ),
        "of a service": (service_token(mesh), "TOKEN_INVALID"),
        "a refresh token": (owner.refresh_token, "TOKEN_INVALID"),
    }


def signing_key(mesh: Mesh) -> Keypair:
    """Return auth's current signing key."""
    database = sqlite3.connect(f"file:{mesh.data_dir / 'auth.db'}?mode=ro", uri=True)
    try:
        kid, seed = database.execute("SELECT kid, seed FROM signing_keys ORDER BY number LIMIT 1").fetchone()
    finally:
        database.close()
    return Keypair(kid, Ed25519PrivateKey.from_private_bytes(seed))


def _swapped(payload: str, claims: dict[str, object]) -> str:
    other = {**claims, "sub": "somebody else", "userId": "somebody else"}
    swapped = jwt.encode(other, "", "none").split(".")[1]
    assert swapped != payload
    return swapped

"""Refresh tokens, `<session id>.<32 bytes in base64url>`: creating, parsing and deriving successors."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

from kernel.ids import SessionId
from services.auth.errors import refresh_token_invalid

_SHAPE = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([A-Za-z0-9_-]{43})")
SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class RefreshSecret:
    """A refresh token in plain form. Only its `token_hash` is stored."""

    session_id: SessionId
    secret: bytes = field(repr=False)

    @property
    def token_hash(self) -> bytes:
        """The SHA-256 of the secret, 32 bytes. A slow hash is not needed, because the secret has 256 random bits."""
        return hashlib.sha256(self.secret).digest()

    def text(self) -> str:
        """Return the token as clients send it."""
        return f"{self.session_id}.{base64.urlsafe_b64encode(self.secret).decode().rstrip('=')}"

    def successor(self, salt: bytes) -> "RefreshSecret":
        """Return the next token. It is derived from this token, which the client knows, and a random salt, which the
        store knows.

        The same token and salt always give the same successor, so a rotation can be repeated. Neither of them alone
        reveals the successor.
        """
        return RefreshSecret(self.session_id, hmac.digest(salt, self.secret, "sha256"))


def first_token(session_id: SessionId) -> RefreshSecret:
    """Return a session's first refresh token."""
    return RefreshSecret(session_id, secrets.token_bytes(32))


def parse_token(text: str) -> RefreshSecret:
    """Parse a token. Raise TOKEN_INVALID if it is malformed."""
    shape = _SHAPE.fullmatch(text)
    try:
        if shape is not None:
            return RefreshSecret(SessionId(shape[1]), base64.urlsafe_b64decode(f"{shape[2]}="))
    except binascii.Error:
        pass
    raise refresh_token_invalid()

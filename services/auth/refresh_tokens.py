"""Refresh tokens, `<session id>.<32 bytes in base64url>`: making, taking apart, and the way from one to the next."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

from kernel.errors import ChatlyError, KernelReason, unauthenticated
from kernel.ids import SessionId

_SHAPE = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([A-Za-z0-9_-]{43})")
SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class RefreshSecret:
    """A refresh token in the hands of this call; only `token_hash` is ever stored."""

    session_id: SessionId
    secret: bytes = field(repr=False)

    @property
    def token_hash(self) -> bytes:
        """SHA-256 of the secret, 32 bytes. Enough for a secret of 256 random bits."""
        return hashlib.sha256(self.secret).digest()

    def text(self) -> str:
        """As clients hold it."""
        return f"{self.session_id}.{base64.urlsafe_b64encode(self.secret).decode().rstrip('=')}"

    def successor(self, salt: bytes) -> "RefreshSecret":
        """The next one, which needs both this token (from the client) and the random salt (from the store).

        So a repeated rotation gives the same successor, and neither side's leak alone reveals it.
        """
        return RefreshSecret(self.session_id, hmac.digest(salt, self.secret, "sha256"))


def first_token(session_id: SessionId) -> RefreshSecret:
    """A session's first refresh token."""
    return RefreshSecret(session_id, secrets.token_bytes(32))


def parse_token(text: str) -> RefreshSecret:
    """Take a token apart; raise TOKEN_INVALID if it cannot be one."""
    shape = _SHAPE.fullmatch(text)
    try:
        if shape is not None:
            return RefreshSecret(SessionId(shape[1]), base64.urlsafe_b64decode(f"{shape[2]}="))
    except binascii.Error:
        pass
    raise refresh_token_invalid()


def refresh_token_invalid() -> ChatlyError:
    """UNAUTHENTICATED `TOKEN_INVALID`."""
    return unauthenticated(KernelReason.TOKEN_INVALID, "this is not a refresh token of Chatly")

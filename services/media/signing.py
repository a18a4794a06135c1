"""Signs and checks links that serve a file for a short time without a token."""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kernel.errors import ChatlyError, denied
from kernel.time import Clock
from services.media.errors import MediaReason
from services.media.model import MediaId, Variant

_PURPOSE = b"chatly media download links v1"


@dataclass(frozen=True, slots=True)
class Signature:
    """What makes a link valid: until when, and the proof."""

    expires_at: int
    """Seconds since 1970."""
    proof: str


class LinkSigner:
    """Binds file, form and expiry with HMAC-SHA256, under a key that serves nothing else."""

    def __init__(self, *, secret: bytes, clock: Clock, lifetime: timedelta) -> None:
        self._key = hmac.digest(secret, _PURPOSE, "sha256")
        self._clock = clock
        self._lifetime = lifetime

    def sign(self, media_id: MediaId, variant: Variant) -> Signature:
        expires_at = int((self._clock.now() + self._lifetime).timestamp())
        return Signature(expires_at, self._proof(media_id, variant, expires_at))

    def require_valid(self, media_id: MediaId, variant: Variant, signature: Signature) -> None:
        """Raises PERMISSION_DENIED `LINK_INVALID`."""
        expected = self._proof(media_id, variant, signature.expires_at)
        genuine = hmac.compare_digest(expected.encode(), signature.proof.encode(errors="replace"))
        if not genuine or signature.expires_at <= self._clock.now().timestamp():
            raise link_invalid()

    def _proof(self, media_id: MediaId, variant: Variant, expires_at: int) -> str:
        signed = f"{media_id}\n{variant.value}\n{expires_at}".encode()
        return urlsafe_b64encode(hmac.digest(self._key, signed, "sha256")).rstrip(b"=").decode()


def link_invalid() -> ChatlyError:
    return denied(MediaReason.LINK_INVALID, "the link ran out or was changed")


def expiry_time(signature: Signature) -> datetime:
    return datetime.fromtimestamp(signature.expires_at, UTC)

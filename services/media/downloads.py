"""Downloads of a file's bytes, and signed links that work without a token."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from kernel.blob.ports import BlobStore
from kernel.ids import UserId
from kernel.time import Clock
from services.media.errors import beyond_the_end, link_invalid, media_not_found
from services.media.get_media import GetMedia
from services.media.model import Media, MediaId, Variant, blob_name

_KEY_CONTEXT = b"chatly media download links v1"


class Download:
    def __init__(self, *, blobs: BlobStore) -> None:
        self._blobs = blobs

    async def __call__(
        self, media: Media, variant: Variant, *, offset: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        """Yield the bytes from `offset`, at most 256 KiB at a time.

        Raise `MEDIA_NOT_FOUND` if the file has no such variant.
        Raise OUT_OF_RANGE `WRONG_OFFSET` if `offset` is beyond the end.
        """
        size = media.size_of(variant)
        if size == 0:
            raise media_not_found()
        if offset > size:
            raise beyond_the_end(size)
        try:
            async for chunk in self._blobs.read(blob_name(media.media_id, variant), offset=offset, length=length):
                yield chunk
        except KeyError:
            # The file was deleted after `media` was read.
            raise media_not_found() from None


@dataclass(frozen=True, slots=True)
class Signature:
    """The expiry of a link, and the proof that this service has signed the link."""

    expires_at: int
    """Seconds since 1970."""
    proof: str


class LinkSigner:
    """Signs the file, the variant and the expiry of a link with HMAC-SHA256. The key is used only for links."""

    def __init__(self, *, secret: bytes, clock: Clock, lifetime: timedelta) -> None:
        self._key = hmac.digest(secret, _KEY_CONTEXT, "sha256")
        self._clock = clock
        self._lifetime = lifetime

    def sign(self, media_id: MediaId, variant: Variant) -> Signature:
        expires_at = int((self._clock.now() + self._lifetime).timestamp())
        return Signature(expires_at, self._proof(media_id, variant, expires_at))

    def require_valid(self, media_id: MediaId, variant: Variant, signature: Signature) -> None:
        """Raise PERMISSION_DENIED `LINK_INVALID` if the signature is wrong or expired."""
        expected = self._proof(media_id, variant, signature.expires_at)
        genuine = hmac.compare_digest(expected.encode(), signature.proof.encode(errors="replace"))
        if not genuine or signature.expires_at <= self._clock.now().timestamp():
            raise link_invalid()

    def _proof(self, media_id: MediaId, variant: Variant, expires_at: int) -> str:
        signed = f"{media_id}\n{variant.value}\n{expires_at}".encode()
        return urlsafe_b64encode(hmac.digest(self._key, signed, "sha256")).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class DownloadLink:
    """The path of a file at the edge with its signature, and the expiry of the link."""

    url: str
    expires_at: datetime


class GetDownloadUrl:
    def __init__(self, *, get: GetMedia, signer: LinkSigner) -> None:
        self._get = get
        self._signer = signer

    async def __call__(self, media_id: MediaId, variant: Variant, *, reader: UserId) -> DownloadLink:
        """Return a signed link, if the reader may see the file.

        Raise `MEDIA_NOT_FOUND` if there is no such file or variant, and `MEDIA_FORBIDDEN` if the reader may not see it.
        """
        media = await self._get(media_id, reader=reader)
        if media.size_of(variant) == 0:
            raise media_not_found()
        signature = self._signer.sign(media_id, variant)
        query = {} if variant is Variant.ORIGINAL else {"variant": variant.value}
        query |= {"exp": str(signature.expires_at), "sig": signature.proof}
        return DownloadLink(f"{media.url}?{urlencode(query)}", datetime.fromtimestamp(signature.expires_at, UTC))

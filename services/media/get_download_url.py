"""Makes a link that serves a file for a short time without a token."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from kernel.ids import UserId
from services.media.errors import media_not_found
from services.media.get_media import GetMedia
from services.media.model import MediaId, Variant
from services.media.signing import LinkSigner, expiry_time


@dataclass(frozen=True, slots=True)
class DownloadLink:
    """A path at the edge, and when it stops working."""

    url: str
    expires_at: datetime


class GetDownloadUrl:
    """Signs links for those who may see the file."""

    def __init__(self, *, get: GetMedia, signer: LinkSigner) -> None:
        self._get = get
        self._signer = signer

    async def __call__(self, media_id: MediaId, variant: Variant, *, reader: UserId) -> DownloadLink:
        """Raises `MEDIA_NOT_FOUND` (no such file or form), `MEDIA_FORBIDDEN`."""
        media = await self._get(media_id, reader=reader)
        if media.size_of(variant) == 0:
            raise media_not_found()
        signature = self._signer.sign(media_id, variant)
        query = {} if variant is Variant.ORIGINAL else {"variant": variant.value}
        query |= {"exp": str(signature.expires_at), "sig": signature.proof}
        return DownloadLink(f"{media.url}?{urlencode(query)}", expiry_time(signature))

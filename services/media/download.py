"""Gives the bytes of a file to somebody who may have them."""

from collections.abc import AsyncIterator

from kernel.blob.ports import BlobStore
from services.media.errors import beyond_the_end, media_not_found
from services.media.model import Media, Variant, blob_name


class Download:
    """Reads one form of a file, from any place on."""

    def __init__(self, *, blobs: BlobStore) -> None:
        self._blobs = blobs

    async def __call__(
        self, media: Media, variant: Variant, *, offset: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        """Bytes, at most 256 KiB at a time; raises `MEDIA_NOT_FOUND` (no such form), OUT_OF_RANGE `WRONG_OFFSET`."""
        size = media.size_of(variant)
        if size == 0:
            raise media_not_found()
        if offset > size:
            raise beyond_the_end(size)
        try:
            async for chunk in self._blobs.read(blob_name(media.media_id, variant), offset=offset, length=length):
                yield chunk
        except KeyError:
            # Deleted since it was found.
            raise media_not_found() from None

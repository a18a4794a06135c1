"""Check that a file which a message names is stored completely."""

import hashlib

from kernel.blob.ports import BlobStore
from services.media.model import Media, MediaId, Variant, blob_name
from services.media.ports import MediaStore


class CheckFile:
    """Compares the blobs of a file with its metadata."""

    def __init__(self, *, media: MediaStore, blobs: BlobStore, read_all: bool) -> None:
        """`read_all`: read every byte and compare the SHA-256, instead of the size alone."""
        self._media = media
        self._blobs = blobs
        self._read_all = read_all

    async def __call__(self, media_id: MediaId) -> str | None:
        """Return the fault of a file, or None."""
        media = await self._media.find(media_id)
        if media is None:
            return "its metadata is missing"
        for variant in Variant:
            if media.size_of(variant) and (fault := await self._blob_fault(media, variant)):
                return f"its {'file' if variant is Variant.ORIGINAL else 'thumbnail'} {fault}"
        return None

    async def _blob_fault(self, media: Media, variant: Variant) -> str | None:
        name, size = blob_name(media.media_id, variant), media.size_of(variant)
        try:
            if self._read_all:
                return await self._content_fault(media, variant)
            # Reads the last byte, and what comes after it.
            length = sum([len(chunk) async for chunk in self._blobs.read(name, offset=size - 1, length=2)])
        except KeyError:
            return "is missing"
        return None if length == 1 else f"does not have {size} bytes"

    async def _content_fault(self, media: Media, variant: Variant) -> str | None:
        size, digest = 0, hashlib.sha256()
        async for chunk in self._blobs.read(blob_name(media.media_id, variant)):
            size += len(chunk)
            digest.update(chunk)
        if size != media.size_of(variant):
            return f"has {size} bytes instead of {media.size_of(variant)}"
        if variant is Variant.ORIGINAL and media.sha256 and digest.hexdigest() != media.sha256:
            return "has other bytes than were uploaded"
        return None

"""Removes the bytes of files that were deleted."""

from kernel.blob.ports import BlobStore
from kernel.telemetry.metrics import counter
from services.media.model import MediaId, Variant, blob_name
from services.media.ports import MediaStore

_BATCH = 100


class RemoveBytes:
    """Works off what the store has condemned, so that what a crash left undone is done the next time."""

    def __init__(self, *, media: MediaStore, blobs: BlobStore) -> None:
        self._media = media
        self._blobs = blobs
        self._removed = counter("chatly_media_files_removed_total", "Files whose bytes were removed.")

    async def __call__(self) -> None:
        while batch := await self._media.condemned(limit=_BATCH):
            for media_id in batch:
                await self.remove_blobs(media_id)
                await self._media.bury(media_id)
                self._removed.inc()

    async def remove_blobs(self, media_id: MediaId) -> None:
        """All forms of one file, known or not."""
        for variant in Variant:
            await self._blobs.delete(blob_name(media_id, variant))

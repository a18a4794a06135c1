"""Purge the bytes of deleted files."""

from kernel.blob.ports import BlobStore
from kernel.telemetry.metrics import counter
from services.media.model import MediaId, Variant, blob_name
from services.media.ports import MediaStore

_BATCH = 100


class PurgeDeleted:
    """Purges every file that the store lists as pending deletion. So a crash only delays the purge."""

    def __init__(self, *, media: MediaStore, blobs: BlobStore) -> None:
        self._media = media
        self._blobs = blobs
        self._purged = counter("chatly_media_files_removed_total", "Files whose bytes were removed.")

    async def __call__(self) -> None:
        while batch := await self._media.pending_deletion(limit=_BATCH):
            for media_id in batch:
                await self.delete_blobs(media_id)
                await self._media.mark_purged(media_id)
                self._purged.inc()

    async def delete_blobs(self, media_id: MediaId) -> None:
        """Delete the blobs of all variants of a file, if they exist."""
        for variant in Variant:
            await self._blobs.delete(blob_name(media_id, variant))

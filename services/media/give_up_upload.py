"""Ends an upload that will not become a file, or that has become one: nothing half-done stays."""

from services.media.model import MediaId
from services.media.ports import MediaStore, UploadStaging, UploadStore
from services.media.remove_bytes import RemoveBytes


class GiveUpUpload:
    """Removes everything of an upload but the file that it became. Safe to repeat."""

    def __init__(
        self, *, uploads: UploadStore, staging: UploadStaging, media: MediaStore, remove_bytes: RemoveBytes
    ) -> None:
        self._uploads = uploads
        self._staging = staging
        self._media = media
        self._remove_bytes = remove_bytes

    async def __call__(self, upload_id: MediaId) -> None:
        # Bytes stored without a file being known: what stored them failed, or died, between the two.
        if await self._media.find(upload_id) is None:
            await self._remove_bytes.remove_blobs(upload_id)
        await self._staging.discard(upload_id)
        # Last, so that a crash before leaves it to be given up again.
        await self._uploads.end(upload_id)

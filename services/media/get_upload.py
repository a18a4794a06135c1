"""Says how far an upload has come."""

from kernel.ids import UserId
from kernel.time import Clock
from services.media.errors import upload_not_found
from services.media.model import MediaId, PendingUpload, Progress
from services.media.ports import UploadStaging, UploadStore


class GetUpload:
    """Looks up one's own upload; other people's do not exist."""

    def __init__(self, *, uploads: UploadStore, staging: UploadStaging, clock: Clock) -> None:
        self._uploads = uploads
        self._staging = staging
        self._clock = clock

    async def __call__(self, upload_id: MediaId, *, owner: UserId) -> Progress:
        """Raises NOT_FOUND `UPLOAD_NOT_FOUND`."""
        upload = await self._uploads.find(upload_id)
        if upload is None or upload.owner_id != owner or self._is_over(upload):
            raise upload_not_found()
        return Progress(upload=upload, received_bytes=await self._staging.size(upload_id))

    def _is_over(self, upload: PendingUpload) -> bool:
        return upload.expires_at <= self._clock.now()

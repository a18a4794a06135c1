"""Incomplete uploads: creating and reading them, receiving their parts, and discarding them."""

from dataclasses import replace

from kernel.ids import UserId, random_id
from kernel.locks import KeyedLock
from kernel.time import Clock
from services.media.errors import file_empty, file_too_large, upload_not_found, wrong_part
from services.media.file_names import clean_file_name
from services.media.model import Limits, MediaId, PendingUpload, Progress, UploadRequest
from services.media.ports import MediaStore, UploadStaging, UploadStore
from services.media.purge_deleted import PurgeDeleted


class Uploads:
    """Incomplete uploads. A user sees only their own uploads. `locks` orders the calls that change the same upload."""

    def __init__(
        self,
        *,
        uploads: UploadStore,
        staging: UploadStaging,
        media: MediaStore,
        purge: PurgeDeleted,
        locks: KeyedLock,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._uploads = uploads
        self._staging = staging
        self._media = media
        self._purge = purge
        self._locks = locks
        self._limits = limits
        self._clock = clock

    async def create(self, request: UploadRequest, *, owner: UserId) -> PendingUpload:
        """Create an upload in parts. Its size must be known. Raise `FILE_TOO_LARGE`, `FILE_EMPTY`."""
        if request.size_bytes == 0:
            raise file_empty()
        return await self.create_stream(request, owner=owner)

    async def create_stream(self, request: UploadRequest, *, owner: UserId) -> PendingUpload:
        """Create an upload in one stream. Its size may be unknown. Raise `FILE_TOO_LARGE`."""
        limit = self._limits.bytes_of(request.purpose)
        if request.size_bytes > limit:
            raise file_too_large(limit)
        upload = PendingUpload(
            upload_id=MediaId(random_id()),
            owner_id=owner,
            request=replace(request, file_name=clean_file_name(request.file_name)),
            limit_bytes=request.size_bytes or limit,
            expires_at=self._clock.now() + self._limits.upload_lifetime,
        )
        await self._uploads.add(upload)
        return upload

    async def get(self, upload_id: MediaId, *, owner: UserId) -> Progress:
        """Return the progress of an upload. Raise NOT_FOUND `UPLOAD_NOT_FOUND`."""
        upload = await self._uploads.find(upload_id)
        if upload is None or upload.owner_id != owner or upload.expires_at <= self._clock.now():
            raise upload_not_found()
        return Progress(upload=upload, received_bytes=await self._staging.size(upload_id))

    async def add_part(self, upload_id: MediaId, data: bytes, *, offset: int, owner: UserId) -> int:
        """Append a part durably, unless it was received before. Return how many bytes of the upload were received.

        Raise `UPLOAD_NOT_FOUND`, `WRONG_OFFSET`, `FILE_TOO_LARGE`.
        """
        async with self._locks.hold(upload_id):
            progress = await self.get(upload_id, owner=owner)
            end = offset + len(data)
            if end > progress.upload.limit_bytes:
                raise file_too_large(progress.upload.limit_bytes)
            if end <= progress.received_bytes:
                return progress.received_bytes
            if offset != progress.received_bytes:
                raise wrong_part(progress.received_bytes)
            await self._staging.append(upload_id, data, offset=offset, durable=True)
            return end

    async def discard(self, upload_id: MediaId) -> None:
        """Delete an upload and its staged bytes, but not the file that the upload has become. Safe to repeat."""
        if await self._media.find(upload_id) is None:
            # Without a file, the upload failed after it may have stored blobs. Delete them.
            await self._purge.delete_blobs(upload_id)
        await self._staging.discard(upload_id)
        # Remove the upload last: after a crash, garbage collection finds it and discards it again.
        await self._uploads.remove(upload_id)

"""Adds a part to an upload."""

from kernel.ids import UserId
from kernel.locks import KeyedLock
from services.media.errors import file_too_large, wrong_part
from services.media.get_upload import GetUpload
from services.media.model import MediaId
from services.media.ports import UploadStaging


class UploadPart:
    """Appends, once: a part that is there already is only confirmed."""

    def __init__(self, *, get: GetUpload, staging: UploadStaging, locks: KeyedLock) -> None:
        self._get = get
        self._staging = staging
        self._locks = locks

    async def __call__(self, upload_id: MediaId, data: bytes, *, offset: int, owner: UserId) -> int:
        """Bytes received, durable; raises `UPLOAD_NOT_FOUND`, `WRONG_OFFSET`, `FILE_TOO_LARGE`."""
        async with self._locks.hold(upload_id):
            progress = await self._get(upload_id, owner=owner)
            end = offset + len(data)
            if end > progress.upload.limit_bytes:
                raise file_too_large(progress.upload.limit_bytes)
            if end <= progress.received_bytes:
                return progress.received_bytes
            if offset != progress.received_bytes:
                raise wrong_part(progress.received_bytes)
            await self._staging.append(upload_id, data, offset=offset, durable=True)
            return end

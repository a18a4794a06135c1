"""Complete an upload in parts."""

from kernel.errors import ChatlyError
from kernel.ids import UserId
from kernel.locks import KeyedLock
from services.media.errors import MediaReason
from services.media.finish_upload import FinishUpload
from services.media.model import Media, MediaId
from services.media.ports import MediaStore
from services.media.uploads import Uploads

# An upload with one of these errors stays invalid, because no further part can correct it.
_FINAL = {
    MediaReason.CHECKSUM_MISMATCH,
    MediaReason.FILE_TYPE_NOT_ALLOWED,
    MediaReason.IMAGE_UNREADABLE,
}


class CompleteUpload:
    def __init__(self, *, uploads: Uploads, finish: FinishUpload, media: MediaStore, locks: KeyedLock) -> None:
        self._uploads = uploads
        self._finish = finish
        self._media = media
        self._locks = locks

    async def __call__(self, upload_id: MediaId, *, owner: UserId) -> Media:
        """Return the stored file. A repeated call returns the same file.

        Raise `UPLOAD_NOT_FOUND`, `UPLOAD_INCOMPLETE` and the errors of FinishUpload.
        """
        async with self._locks.hold(upload_id):
            stored = await self._media.find(upload_id)
            if stored is not None and stored.owner_id == owner:
                return stored
            progress = await self._uploads.get(upload_id, owner=owner)
            try:
                media = await self._finish(progress.upload)
            except ChatlyError as error:
                if error.reason in _FINAL:
                    await self._uploads.discard(upload_id)
                raise
            await self._uploads.discard(upload_id)
            return media

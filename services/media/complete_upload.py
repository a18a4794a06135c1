"""Ends an upload in parts."""

from kernel.errors import ChatlyError
from kernel.ids import UserId
from kernel.locks import KeyedLock
from services.media.errors import MediaReason
from services.media.finish_upload import FinishUpload
from services.media.get_upload import GetUpload
from services.media.give_up_upload import GiveUpUpload
from services.media.model import Media, MediaId
from services.media.ports import MediaStore


class CompleteUpload:
    """Makes the file, once: again gives the same one."""

    def __init__(
        self, *, get: GetUpload, finish: FinishUpload, give_up: GiveUpUpload, media: MediaStore, locks: KeyedLock
    ) -> None:
        self._get = get
        self._finish = finish
        self._give_up = give_up
        self._media = media
        self._locks = locks

    async def __call__(self, upload_id: MediaId, *, owner: UserId) -> Media:
        """The file; raises `UPLOAD_NOT_FOUND`, `UPLOAD_INCOMPLETE`, and what content is refused for."""
        async with self._locks.hold(upload_id):
            known = await self._media.find(upload_id)
            if known is not None and known.owner_id == owner:
                return known
            progress = await self._get(upload_id, owner=owner)
            try:
                media = await self._finish(progress.upload)
            except ChatlyError as error:
                if error.reason in _FINAL:
                    await self._give_up(upload_id)
                raise
            await self._give_up(upload_id)
            return media


# No further part can mend these.
_FINAL = {
    MediaReason.CHECKSUM_MISMATCH,
    MediaReason.FILE_TYPE_NOT_ALLOWED,
    MediaReason.IMAGE_UNREADABLE,
}

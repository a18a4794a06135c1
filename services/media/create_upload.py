"""Begins an upload."""

from dataclasses import replace

from kernel.ids import UserId, random_id
from kernel.time import Clock
from services.media.errors import file_empty, file_too_large
from services.media.file_names import clean_file_name
from services.media.model import Announcement, Limits, MediaId, PendingUpload
from services.media.ports import UploadStore


class CreateUpload:
    """Gives out an upload that may go on for the time that the limits say."""

    def __init__(self, *, uploads: UploadStore, limits: Limits, clock: Clock) -> None:
        self._uploads = uploads
        self._limits = limits
        self._clock = clock

    async def in_parts(self, announced: Announcement, *, owner: UserId) -> PendingUpload:
        """For parts, whose whole size must be known; raises `FILE_TOO_LARGE`, `FILE_EMPTY`."""
        if announced.size_bytes == 0:
            raise file_empty()
        return await self.begin(announced, owner=owner)

    async def begin(self, announced: Announcement, *, owner: UserId) -> PendingUpload:
        """For a stream, whose size may be unknown; raises `FILE_TOO_LARGE`."""
        limit = self._limits.bytes_of(announced.purpose)
        if announced.size_bytes > limit:
            raise file_too_large(limit)
        upload = PendingUpload(
            upload_id=MediaId(random_id()),
            owner_id=owner,
            announced=replace(announced, file_name=clean_file_name(announced.file_name)),
            limit_bytes=announced.size_bytes or limit,
            expires_at=self._clock.now() + self._limits.upload_lifetime,
        )
        await self._uploads.begin(upload)
        return upload

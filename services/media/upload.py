"""Takes a whole file in one go, from whatever door it comes."""

from collections.abc import AsyncIterator

from kernel.ids import UserId
from services.media.create_upload import CreateUpload
from services.media.errors import file_too_large
from services.media.finish_upload import FinishUpload
from services.media.give_up_upload import GiveUpUpload
from services.media.model import Announcement, Media, PendingUpload
from services.media.ports import UploadStaging


class Upload:
    """Writes bytes aside as they come; whatever goes wrong, nothing of them stays."""

    def __init__(
        self, *, create: CreateUpload, staging: UploadStaging, finish: FinishUpload, give_up: GiveUpUpload
    ) -> None:
        self._create = create
        self._staging = staging
        self._finish = finish
        self._give_up = give_up

    async def __call__(self, announced: Announcement, chunks: AsyncIterator[bytes], *, owner: UserId) -> Media:
        """The file. Raises `FILE_TOO_LARGE` at the first byte too much, and what content is refused for.

        What `chunks` raises, as when the client goes away, is raised here.
        """
        upload = await self._create.begin(announced, owner=owner)
        try:
            await self._receive(upload, chunks)
            return await self._finish(upload)
        finally:
            await self._give_up(upload.upload_id)

    async def _receive(self, upload: PendingUpload, chunks: AsyncIterator[bytes]) -> None:
        received = 0
        async for chunk in chunks:
            if received + len(chunk) > upload.limit_bytes:
                raise file_too_large(upload.limit_bytes)
            await self._staging.append(upload.upload_id, chunk, offset=received, durable=False)
            received += len(chunk)

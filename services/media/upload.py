"""Upload a whole file in one stream, over gRPC or HTTP."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from kernel.errors import ChatlyError, Code, KernelReason
from kernel.ids import UserId
from kernel.locks import Slots
from services.media.errors import file_too_large
from services.media.finish_upload import FinishUpload
from services.media.model import Media, PendingUpload, UploadRequest
from services.media.ports import UploadStaging
from services.media.uploads import Uploads

_RETRY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class BodyTime:
    """How long the body of an upload may take."""

    total_seconds: float
    idle_seconds: float
    """The longest time without a byte."""

    async def limit(self, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield the chunks of a body. Raise `DEADLINE_EXCEEDED` if it takes too long."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self.total_seconds
        while True:
            now = loop.time()
            try:
                async with asyncio.timeout_at(min(end, now + self.idle_seconds)):
                    chunk = await anext(body, None)
            except TimeoutError:
                idle = end > now + self.idle_seconds
                raise _too_slow(self.idle_seconds if idle else self.total_seconds, idle=idle) from None
            if chunk is None:
                return
            yield chunk


class Upload:
    """Stages the bytes as they arrive. The staged bytes are discarded at the end, also after a failure."""

    def __init__(self, *, uploads: Uploads, staging: UploadStaging, finish: FinishUpload, at_once: int) -> None:
        """`at_once`: number of uploads that a user may have in progress on this node."""
        self._in_progress = Slots(at_once)
        self._uploads = uploads
        self._staging = staging
        self._finish = finish

    async def __call__(self, request: UploadRequest, chunks: AsyncIterator[bytes], *, owner: UserId) -> Media:
        """Store the file and return it.

        Raise `FILE_TOO_LARGE` at the first byte beyond the limit, and `RATE_LIMITED` if the user has too many uploads
        in progress. Pass on the errors of FinishUpload and `chunks`.
        """
        if self._in_progress.is_full(owner):
            raise _too_many(self._in_progress.most)
        # The bytes of an upload take space on this node until it ends.
        with self._in_progress.hold(owner):
            upload = await self._uploads.create_stream(request, owner=owner)
            try:
                await self._receive(upload, chunks)
                return await self._finish(upload)
            finally:
                await self._uploads.discard(upload.upload_id)

    async def _receive(self, upload: PendingUpload, chunks: AsyncIterator[bytes]) -> None:
        received = 0
        async for chunk in chunks:
            if received + len(chunk) > upload.limit_bytes:
                raise file_too_large(upload.limit_bytes)
            await self._staging.append(upload.upload_id, chunk, offset=received, durable=False)
            received += len(chunk)


def _too_many(limit: int) -> ChatlyError:
    message = f"you have {limit} uploads in progress; wait until one has ended"
    return ChatlyError(
        Code.RESOURCE_EXHAUSTED, KernelReason.RATE_LIMITED, message, {"limit": str(limit)}, retry_after=_RETRY_SECONDS
    )


def _too_slow(seconds: float, *, idle: bool) -> ChatlyError:
    what = "no byte of the upload arrived for" if idle else "the upload took longer than"
    return ChatlyError(
        Code.DEADLINE_EXCEEDED,
        KernelReason.DEADLINE_EXCEEDED,
        f"{what} {seconds:g} s",
        {"limit_seconds": f"{seconds:g}"},
    )

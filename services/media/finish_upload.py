"""Makes a file of the bytes of an upload: looks at them, cleans images, stores what will be served."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from kernel.blob.ports import BlobStore
from kernel.cancellation import finish_despite_cancel
from kernel.errors import ChatlyError, Code
from kernel.telemetry.metrics import counter
from kernel.time import Clock
from services.media.errors import MediaReason, checksum_mismatch, file_empty, upload_incomplete
from services.media.images import clean_image
from services.media.inspect import IMAGE_TYPES, require_allowed
from services.media.model import MAX_CHUNK_BYTES, Limits, Media, PendingUpload, Purpose, Variant, blob_name
from services.media.ports import MediaStore, UploadStaging


@dataclass(frozen=True, slots=True)
class _Served:
    """What will be served of an upload."""

    original: Path
    content_type: str
    sha256: str
    thumbnail: Path | None = None
    width: int = 0
    height: int = 0


class FinishUpload:
    """The end of every way to upload. `workers` bounds how many images are in memory at once."""

    def __init__(
        self,
        *,
        staging: UploadStaging,
        media: MediaStore,
        blobs: BlobStore,
        workers: Executor,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._staging = staging
        self._media = media
        self._blobs = blobs
        self._workers = workers
        self._limits = limits
        self._clock = clock
        self._stored = counter("chatly_media_files_stored_total", "Files taken in.", ["content_type"])
        self._refused = counter("chatly_media_files_refused_total", "Files refused for their content.", ["reason"])

    async def __call__(self, upload: PendingUpload) -> Media:
        """The file; the upload itself is left to be given up.

        Raises `UPLOAD_INCOMPLETE`, `FILE_EMPTY`, `CHECKSUM_MISMATCH`, `FILE_TYPE_NOT_ALLOWED`, `IMAGE_UNREADABLE`.
        """
        try:
            await self._require_complete(upload)
            media = await finish_despite_cancel(self._make(upload))
        except ChatlyError as error:
            self._refused.labels(error.reason).inc()
            raise
        self._stored.labels(media.content_type).inc()
        return media

    async def _make(self, upload: PendingUpload) -> Media:
        path = await self._staging.local_copy(upload.upload_id)
        digest, content_type = await asyncio.to_thread(_inspect, path, upload)
        if content_type not in IMAGE_TYPES:
            return await self._store(upload, _Served(path, content_type, digest))
        # Images are large in memory: only so many at once.
        loop = asyncio.get_running_loop()
        image = await loop.run_in_executor(self._workers, _clean, path, content_type, self._limits.image_pixels)
        return await self._store(upload, image)

    async def _require_complete(self, upload: PendingUpload) -> None:
        received, expected = await self._staging.size(upload.upload_id), upload.announced.size_bytes
        if received < expected:
            raise upload_incomplete(received=received, expected=expected)
        if received == 0:
            raise file_empty()

    async def _store(self, upload: PendingUpload, served: _Served) -> Media:
        """Bytes first: a file that is known can be read. Until it is known, giving up the upload removes them."""
        original = blob_name(upload.upload_id, Variant.ORIGINAL)
        size, thumbnail_size = await self._blobs.put(original, _chunks(served.original)), 0
        if served.thumbnail is not None:
            thumbnail = blob_name(upload.upload_id, Variant.THUMBNAIL)
            thumbnail_size = await self._blobs.put(thumbnail, _chunks(served.thumbnail))
        media = Media(
            media_id=upload.upload_id,
            owner_id=upload.owner_id,
            purpose=upload.announced.purpose,
            content_type=served.content_type,
            file_name=upload.announced.file_name,
            size_bytes=size,
            sha256=served.sha256,
            width=served.width,
            height=served.height,
            thumbnail_bytes=thumbnail_size,
            created_at=self._clock.now(),
        )
        await self._media.add(media)
        return media


def _inspect(path: Path, upload: PendingUpload) -> tuple[str, str]:
    """SHA-256 and content type. Runs in a thread."""
    digest = _sha256(path)
    if upload.announced.sha256 not in {"", digest}:
        raise checksum_mismatch()
    content_type = require_allowed(path)
    if upload.announced.purpose is Purpose.AVATAR and content_type not in IMAGE_TYPES:
        raise _not_an_image(content_type)
    return digest, content_type


def _clean(path: Path, content_type: str, limit_pixels: int) -> _Served:
    """Runs in a worker thread."""
    image = clean_image(path, content_type, limit_pixels=limit_pixels)
    return _Served(image.original, content_type, _sha256(image.original), image.thumbnail, image.width, image.height)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _not_an_image(content_type: str) -> ChatlyError:
    return ChatlyError(
        Code.INVALID_ARGUMENT,
        MediaReason.FILE_TYPE_NOT_ALLOWED,
        f"a picture must be an image, this is {content_type}",
        {"detected_type": content_type},
    )


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb", buffering=0) as file:
        while chunk := await asyncio.to_thread(file.read, MAX_CHUNK_BYTES):
            yield chunk

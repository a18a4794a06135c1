"""Finish an upload: verify its bytes, clean an image, and store the file."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from kernel.blob.ports import BlobStore
from kernel.cancellation import finish_despite_cancel
from kernel.errors import ChatlyError
from kernel.telemetry.metrics import counter
from kernel.time import Clock
from services.media.errors import checksum_mismatch, file_empty, type_not_allowed, upload_incomplete
from services.media.images import clean_image
from services.media.inspect import IMAGE_TYPES, require_allowed
from services.media.model import MAX_CHUNK_BYTES, Limits, Media, PendingUpload, Purpose, Variant, blob_name
from services.media.ports import MediaStore, UploadStaging


@dataclass(frozen=True, slots=True)
class _Prepared:
    """The files to store, and their properties."""

    original: Path
    content_type: str
    sha256: str
    thumbnail: Path | None = None
    width: int = 0
    height: int = 0


class FinishUpload:
    """Finishes every upload. `workers` limits how many images are in memory at the same time."""

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
        self._stored = counter("chatly_media_files_stored_total", "Files stored.", ["content_type"])
        self._rejected = counter("chatly_media_files_refused_total", "Files rejected for their content.", ["reason"])

    async def __call__(self, upload: PendingUpload) -> Media:
        """Store the file and return it. The caller must then discard the upload.

        Raise `UPLOAD_INCOMPLETE`, `FILE_EMPTY`, `CHECKSUM_MISMATCH`, `FILE_TYPE_NOT_ALLOWED`, `IMAGE_UNREADABLE`.
        """
        try:
            await self._require_complete(upload)
            media = await finish_despite_cancel(self._finish(upload))
        except ChatlyError as error:
            self._rejected.labels(error.reason).inc()
            raise
        self._stored.labels(media.content_type).inc()
        return media

    async def _finish(self, upload: PendingUpload) -> Media:
        path = await self._staging.local_copy(upload.upload_id)
        digest, content_type = await asyncio.to_thread(_inspect, path, upload)
        if content_type not in IMAGE_TYPES:
            return await self._store(upload, _Prepared(path, content_type, digest))
        # Decoded images are large, so the executor limits how many are decoded at the same time.
        loop = asyncio.get_running_loop()
        image = await loop.run_in_executor(self._workers, _clean, path, content_type, self._limits.image_pixels)
        return await self._store(upload, image)

    async def _require_complete(self, upload: PendingUpload) -> None:
        received, expected = await self._staging.size(upload.upload_id), upload.request.size_bytes
        if received < expected:
            raise upload_incomplete(received=received, expected=expected)
        if received == 0:
            raise file_empty()

    async def _store(self, upload: PendingUpload, prepared: _Prepared) -> Media:
        """Store the bytes, then the row. If this fails in between, discarding the upload deletes the bytes."""
        original = blob_name(upload.upload_id, Variant.ORIGINAL)
        size, thumbnail_size = await self._blobs.put(original, _chunks(prepared.original)), 0
        if prepared.thumbnail is not None:
            thumbnail = blob_name(upload.upload_id, Variant.THUMBNAIL)
            thumbnail_size = await self._blobs.put(thumbnail, _chunks(prepared.thumbnail))
        media = Media(
            media_id=upload.upload_id,
            owner_id=upload.owner_id,
            purpose=upload.request.purpose,
            content_type=prepared.content_type,
            file_name=upload.request.file_name,
            size_bytes=size,
            sha256=prepared.sha256,
            width=prepared.width,
            height=prepared.height,
            thumbnail_bytes=thumbnail_size,
            created_at=self._clock.now(),
        )
        await self._media.add(media)
        return media


def _inspect(path: Path, upload: PendingUpload) -> tuple[str, str]:
    """Return the SHA-256 and the content type of a file. This call blocks: run it in a thread."""
    digest = _sha256(path)
    if upload.request.sha256 not in {"", digest}:
        raise checksum_mismatch()
    content_type = require_allowed(path)
    if upload.request.purpose is Purpose.AVATAR and content_type not in IMAGE_TYPES:
        raise type_not_allowed(content_type, f"an avatar must be an image, this file is {content_type}")
    return digest, content_type


def _clean(path: Path, content_type: str, limit_pixels: int) -> _Prepared:
    """Clean an image. This call blocks: run it in a worker thread."""
    image = clean_image(path, content_type, limit_pixels=limit_pixels)
    return _Prepared(image.original, content_type, _sha256(image.original), image.thumbnail, image.width, image.height)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb", buffering=0) as file:
        while chunk := await asyncio.to_thread(file.read, MAX_CHUNK_BYTES):
            yield chunk

"""Bytes of unfinished uploads as files: one folder per upload."""

import asyncio
import os
import shutil
from pathlib import Path
from uuid import UUID

from kernel.cancel import settled
from services.media.model import MediaId

_CONTENT = "content"


class FolderUploadStaging:
    """UploadStaging for one machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def append(self, upload_id: MediaId, data: bytes, *, offset: int, durable: bool) -> None:
        await settled(asyncio.to_thread(_append, self._content(upload_id), data, offset, durable=durable))

    async def size(self, upload_id: MediaId) -> int:
        return await asyncio.to_thread(_size, self._content(upload_id))

    async def local_copy(self, upload_id: MediaId) -> Path:
        return self._content(upload_id)

    async def discard(self, upload_id: MediaId) -> None:
        await asyncio.to_thread(shutil.rmtree, self._content(upload_id).parent, ignore_errors=True)

    def _content(self, upload_id: MediaId) -> Path:
        # Parsed, so that no id leads out of the folder.
        return self._folder / str(UUID(upload_id)) / _CONTENT


def _append(content: Path, data: bytes, offset: int, *, durable: bool) -> None:
    if offset == 0:
        content.parent.mkdir(parents=True, exist_ok=True)
    with content.open("r+b" if offset else "wb", buffering=0) as file:
        file.seek(offset)
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]
        if durable:
            os.fsync(file.fileno())
    if durable and offset == 0:
        _sync(content.parent)
        _sync(content.parent.parent)


def _size(content: Path) -> int:
    try:
        return content.stat().st_size
    except FileNotFoundError:
        return 0


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""Bytes of incomplete uploads in files. Each upload has a folder."""

import os
import shutil
from io import FileIO
from pathlib import Path
from uuid import UUID

from kernel.disk import make_folder, on_disk, sync_folder, write_all
from services.media.model import MediaId

_CONTENT = "content"


class FolderUploadStaging:
    """UploadStaging on one machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def append(self, upload_id: MediaId, data: bytes, *, offset: int, durable: bool) -> None:
        await on_disk(_append, self._content(upload_id), data, offset, durable=durable)

    async def size(self, upload_id: MediaId) -> int:
        return await on_disk(_size, self._content(upload_id))

    async def local_copy(self, upload_id: MediaId) -> Path:
        return self._content(upload_id)

    async def discard(self, upload_id: MediaId) -> None:
        await on_disk(shutil.rmtree, self._content(upload_id).parent, ignore_errors=True)

    def _content(self, upload_id: MediaId) -> Path:
        # The id is parsed, so that the path cannot leave the folder.
        return self._folder / str(UUID(upload_id)) / _CONTENT


def _append(content: Path, data: bytes, offset: int, *, durable: bool) -> None:
    if offset == 0:
        make_folder(content.parent)
    with FileIO(content, "rb+" if offset else "wb") as file:
        file.seek(offset)
        write_all(file, data)
        if durable:
            os.fsync(file.fileno())
    if durable and offset == 0:
        sync_folder(content.parent)
        sync_folder(content.parent.parent)


def _size(content: Path) -> int:
    try:
        return content.stat().st_size
    except FileNotFoundError:
        return 0

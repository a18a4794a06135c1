"""Blobs as files in a folder. A blob is written to a temporary file, which is synced and then renamed."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from hashlib import blake2s
from io import FileIO
from pathlib import Path

from kernel.blob.ports import checked_name
from kernel.disk import disk_full_message, is_full, make_folder, on_disk, sync_folder, write_all

_CHUNK_BYTES = 256 * 1024
_INCOMING = "incoming"


def blob_path(folder: Path, name: str) -> Path:
    """Return the file of a blob in the folder of a FolderBlobStore."""
    shard = blake2s(checked_name(name).encode(), digest_size=1).hexdigest()
    # Names contain no `+`, so each name has a file of its own. Without `/`, no name is a folder of another name.
    return folder / shard / name.replace("/", "+")


def stored_blobs(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the name and the file of every blob in the folder of a FolderBlobStore. Blobs may change meanwhile."""
    for shard in sorted(folder.glob("[0-9a-f][0-9a-f]")):
        for path in shard.iterdir():
            yield path.name.replace("+", "/"), path


class FolderBlobStore:
    """BlobStore for one machine. Only one process may use the folder.

    `open` removes the unfinished files of an earlier process.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / _INCOMING

    async def open(self) -> None:
        """Create the folder and remove unfinished files. Raise OSError if that fails."""
        await asyncio.to_thread(self._open)

    async def put(self, name: str, chunks: AsyncIterator[bytes]) -> int:
        target = self._path(name)
        file, temporary = await on_disk(self._create)
        try:
            with file:
                async for chunk in chunks:
                    await on_disk(write_all, file, chunk)
                return await on_disk(_publish, file, temporary, target)
        finally:
            # After a successful rename, the temporary file no longer exists.
            temporary.unlink(missing_ok=True)

    async def read(self, name: str, *, offset: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        file = await on_disk(self._open_blob, name, offset)
        with file:
            left = length
            while left is None or left > 0:
                wanted = _CHUNK_BYTES if left is None else min(left, _CHUNK_BYTES)
                chunk = await on_disk(file.read, wanted)
                if not chunk:
                    return
                if left is not None:
                    left -= len(chunk)
                yield chunk

    async def delete(self, name: str) -> None:
        await on_disk(_remove, self._path(name))

    async def health(self) -> str | None:
        """Return the reason why the folder cannot be written, or None if it can."""
        return await asyncio.to_thread(self._health)

    def _path(self, name: str) -> Path:
        return blob_path(self._folder, name)

    def _open(self) -> None:
        make_folder(self._incoming)
        for unfinished in self._incoming.iterdir():
            unfinished.unlink()

    def _create(self) -> tuple[FileIO, Path]:
        handle, path = tempfile.mkstemp(dir=self._incoming)
        return FileIO(handle, "wb"), Path(path)

    def _open_blob(self, name: str, offset: int) -> FileIO:
        try:
            file = FileIO(self._path(name))
        except FileNotFoundError:
            raise KeyError(name) from None
        file.seek(offset)
        return file

    def _health(self) -> str | None:
        try:
            with tempfile.TemporaryFile(dir=self._incoming) as probe:
                probe.write(b"probe")
        except OSError as error:
            if is_full(error):
                return disk_full_message(f"the folder {self._folder}")
            return f"the folder {self._folder} cannot be written: {error}"
        return None


def _publish(file: FileIO, temporary: Path, target: Path) -> int:
    os.fsync(file.fileno())
    size = os.fstat(file.fileno()).st_size
    target.parent.mkdir(exist_ok=True)
    temporary.rename(target)
    sync_folder(target.parent)
    # Always, because another upload may have created the folder and not synced it yet.
    sync_folder(target.parent.parent)
    return size


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except FileNotFoundError:
        return
    # A power cut would bring the file back after its metadata has been deleted, and nothing would delete it again.
    sync_folder(path.parent)

"""Messages about a full disk, and what is synced before a caller goes on."""

import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kernel.blob.folder import FolderBlobStore
from kernel.disk import disk_error_message, make_folder
from mesh.edge.tls import write_private


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_reported_with_what_to_do(code: int) -> None:
    assert disk_error_message(OSError(code, "no"), "a file") == (
        "the disk is full, a file cannot be written: free some space, then writing continues by itself"
    )


def test_any_other_disk_error_is_reported_with_the_text_of_the_system() -> None:
    assert (
        disk_error_message(OSError(errno.EIO, "Input/output error"), "a file")
        == "the disk reports an error: Input/output error"
    )


class Disk:
    """The paths that were synced, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.synced: list[str] = []
        self._fsync = os.fsync
        monkeypatch.setattr(os, "fsync", self.fsync)

    def fsync(self, handle: int) -> None:
        self.synced.append(str(Path(f"/proc/self/fd/{handle}").readlink()))
        self._fsync(handle)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


async def _one(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _only(folder: Path) -> Path:
    (file,) = folder.rglob("name")
    return file


async def test_a_blob_and_the_names_of_its_folders_are_synced_before_put_returns(tmp_path: Path, disk: Disk) -> None:
    folder = tmp_path / "data" / "media"
    blobs = FolderBlobStore(folder)
    await blobs.open()
    assert disk.synced == [str(tmp_path), str(tmp_path / "data"), str(folder)]
    disk.synced.clear()

    await blobs.put("name", _one(b"content"))

    file = _only(folder)
    content, *folders = disk.synced
    assert content.startswith(str(folder / "incoming"))
    assert folders == [str(file.parent), str(folder)]


async def test_a_deleted_blob_does_not_come_back(tmp_path: Path, disk: Disk) -> None:
    blobs = FolderBlobStore(tmp_path)
    await blobs.open()
    await blobs.put("name", _one(b"content"))
    file = _only(tmp_path)
    disk.synced.clear()

    await blobs.delete("name")

    assert disk.synced == [str(file.parent)]


def test_a_secret_is_on_disk_before_it_gets_its_name(tmp_path: Path, disk: Disk) -> None:
    write_private(tmp_path / "secrets" / "service", b"secret")

    assert disk.synced == [str(tmp_path), str(tmp_path / "secrets" / "service.new"), str(tmp_path / "secrets")]


def test_folders_of_a_new_database_are_on_disk(tmp_path: Path, disk: Disk) -> None:
    make_folder(tmp_path / "a" / "b")

    assert disk.synced == [str(tmp_path), str(tmp_path / "a")]

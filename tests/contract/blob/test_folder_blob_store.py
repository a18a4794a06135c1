"""Properties of the folder store: restarts, unfinished files, and folders that are not writable."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kernel.blob.folder import FolderBlobStore
from kernel.errors import ChatlyError, KernelReason


async def one_piece(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def test_blobs_survive_a_restart_and_unfinished_ones_are_removed(tmp_path: Path) -> None:
    before = FolderBlobStore(tmp_path)
    await before.open()
    await before.put("a", one_piece(b"kept"))
    (tmp_path / "incoming" / "left-by-a-crash").write_bytes(b"half")

    after = FolderBlobStore(tmp_path)
    await after.open()

    assert b"".join([chunk async for chunk in after.read("a")]) == b"kept"
    assert list((tmp_path / "incoming").iterdir()) == []


async def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    store = FolderBlobStore(tmp_path / "blobs")
    await store.open()
    assert await store.health() is None

    (tmp_path / "blobs" / "incoming").rmdir()

    assert "cannot be written" in (await store.health() or "")


async def test_a_disk_error_is_unavailable(tmp_path: Path) -> None:
    store = FolderBlobStore(tmp_path / "blobs")
    await store.open()
    (tmp_path / "blobs" / "incoming").rmdir()

    with pytest.raises(ChatlyError) as refusal:
        await store.put("a", one_piece(b"x"))

    assert refusal.value.reason == KernelReason.STORE_UNAVAILABLE

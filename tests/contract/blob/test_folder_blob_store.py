"""What only the folder does: it survives a restart, cleans up after a crash, and says when it cannot be written."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kernel.blob.folder import FolderBlobStore
from kernel.errors import ChatlyError, KernelReason


async def one_piece(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def test_blobs_are_there_after_a_restart_and_half_written_ones_are_not(tmp_path: Path) -> None:
    before = FolderBlobStore(tmp_path)
    await before.open()
    await before.put("a", one_piece(b"kept"))
    (tmp_path / "incoming" / "left-by-a-crash").write_bytes(b"half")

    after = FolderBlobStore(tmp_path)
    await after.open()

    assert b"".join([chunk async for chunk in after.read("a")]) == b"kept"
    assert list((tmp_path / "incoming").iterdir()) == []


async def test_a_folder_that_is_gone_is_complained_about(tmp_path: Path) -> None:
    store = FolderBlobStore(tmp_path / "blobs")
    await store.open()
    assert await store.health() is None

    (tmp_path / "blobs" / "incoming").rmdir()

    assert "cannot be written" in (await store.health() or "")


async def test_a_disk_that_refuses_is_unavailable(tmp_path: Path) -> None:
    store = FolderBlobStore(tmp_path / "blobs")
    await store.open()
    (tmp_path / "blobs" / "incoming").rmdir()

    with pytest.raises(ChatlyError) as refusal:
        await store.put("a", one_piece(b"x"))

    assert refusal.value.reason == KernelReason.STORE_UNAVAILABLE

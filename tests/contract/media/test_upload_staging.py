"""Contract of UploadStaging, for every adapter."""

import asyncio
from pathlib import Path

import pytest

from services.media.adapters.folder import FolderUploadStaging
from services.media.model import MediaId
from services.media.ports import UploadStaging
from tests.builders import an_id


@pytest.mark.parametrize("durable", [True, False])
async def test_bytes_are_appended_and_counted(staging: UploadStaging, *, durable: bool) -> None:
    upload = MediaId(an_id())
    assert await staging.size(upload) == 0

    await staging.append(upload, b"hello ", offset=0, durable=durable)
    await staging.append(upload, b"world", offset=6, durable=durable)

    assert await staging.size(upload) == 11
    assert (await staging.local_copy(upload)).read_bytes() == b"hello world"


async def test_uploads_are_separate(staging: UploadStaging) -> None:
    one, other = MediaId(an_id()), MediaId(an_id())

    await staging.append(one, b"one", offset=0, durable=False)

    assert await staging.size(other) == 0


async def test_discarding_an_upload_deletes_its_work_files(staging: UploadStaging) -> None:
    upload = MediaId(an_id())
    await staging.append(upload, b"x", offset=0, durable=False)
    copy = await staging.local_copy(upload)
    copy.with_name("thumbnail").write_bytes(b"work")

    await staging.discard(upload)
    await staging.discard(upload)

    assert await staging.size(upload) == 0
    assert not copy.parent.exists()


async def test_a_cancelled_append_writes_nothing_afterwards(staging: UploadStaging) -> None:
    upload = MediaId(an_id())
    appending = asyncio.create_task(staging.append(upload, b"x" * 1_000_000, offset=0, durable=True))
    await asyncio.sleep(0)

    appending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await appending
    await staging.discard(upload)

    assert not (await staging.local_copy(upload)).parent.exists()


async def test_bytes_survive_a_restart(tmp_path: Path) -> None:
    upload = MediaId(an_id())
    await FolderUploadStaging(tmp_path).append(upload, b"hello", offset=0, durable=True)

    assert await FolderUploadStaging(tmp_path).size(upload) == 5


async def test_an_invalid_id_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        await FolderUploadStaging(tmp_path).size(MediaId("../../etc"))

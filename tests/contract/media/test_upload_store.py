"""Contract of UploadStore, for every adapter."""

from datetime import timedelta

from services.media.model import Purpose, UploadRequest
from tests.builders import NOON
from tests.contract.media.conftest import Stores
from tests.unit.media.builders import an_upload


async def test_an_upload_is_stored_unchanged(stores: Stores) -> None:
    request = UploadRequest(file_name="me 👋.png", size_bytes=12, purpose=Purpose.AVATAR, sha256="ef" * 32)
    upload = an_upload(request=request, expires_at=NOON + timedelta(microseconds=7))

    await stores.uploads.add(upload)

    assert await stores.uploads.find(upload.upload_id) == upload


async def test_a_removed_upload_is_not_found_and_may_be_removed_again(stores: Stores) -> None:
    upload = an_upload()
    await stores.uploads.add(upload)

    await stores.uploads.remove(upload.upload_id)
    await stores.uploads.remove(upload.upload_id)

    assert await stores.uploads.find(upload.upload_id) is None


async def test_expired_uploads_are_returned_oldest_first(stores: Stores) -> None:
    later, sooner, open_still = (an_upload(expires_at=NOON + timedelta(hours=hours)) for hours in (0, -1, 1))
    for upload in (later, sooner, open_still):
        await stores.uploads.add(upload)

    assert await stores.uploads.expired(NOON, limit=10) == [sooner, later]
    assert await stores.uploads.expired(NOON, limit=1) == [sooner]

"""What UploadStore promises."""

from datetime import timedelta

from services.media.model import Announcement, Purpose
from tests.builders import NOON
from tests.contract.media.conftest import Stores
from tests.unit.media.builders import an_upload


async def test_an_upload_is_found_as_it_was_begun(stores: Stores) -> None:
    announced = Announcement(file_name="me 👋.png", size_bytes=12, purpose=Purpose.AVATAR, sha256="ef" * 32)
    upload = an_upload(announced=announced, expires_at=NOON + timedelta(microseconds=7))

    await stores.uploads.begin(upload)

    assert await stores.uploads.find(upload.upload_id) == upload


async def test_an_upload_that_ended_is_not_found_and_may_end_again(stores: Stores) -> None:
    upload = an_upload()
    await stores.uploads.begin(upload)

    await stores.uploads.end(upload.upload_id)
    await stores.uploads.end(upload.upload_id)

    assert await stores.uploads.find(upload.upload_id) is None


async def test_only_what_is_over_is_expired_the_oldest_first(stores: Stores) -> None:
    later, sooner, open_still = (an_upload(expires_at=NOON + timedelta(hours=hours)) for hours in (0, -1, 1))
    for upload in (later, sooner, open_still):
        await stores.uploads.begin(upload)

    assert await stores.uploads.expired(NOON, limit=10) == [sooner, later]
    assert await stores.uploads.expired(NOON, limit=1) == [sooner]

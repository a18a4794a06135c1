"""Upload: a whole file in one stream."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from chatly.media.v1 import media_service_pb2 as pb

from kernel.errors import Code, KernelReason, Reason
from services.media.errors import MediaReason
from tests.rpc.media.house import ANN, House, a_house, steps_of
from tests.unit.media.samples import PDF, a_jpeg, a_png_that_claims, a_zip
from tests.waiting import eventually

AVATAR = pb.MediaPurpose.MEDIA_PURPOSE_AVATAR


async def test_a_pdf_is_kept_as_it_is(house: House) -> None:
    media = await house.upload(PDF, file_name="../../Rep\u202eort.pdf", sha256=sha256(PDF).hexdigest(), step=7)

    assert media.content_type == "application/pdf"
    assert media.file_name == "Report.pdf"
    assert (media.owner_id, media.purpose) == (ANN, pb.MediaPurpose.MEDIA_PURPOSE_MESSAGE)
    assert (media.size_bytes, media.sha256) == (len(PDF), sha256(PDF).hexdigest())
    assert not media.has_thumbnail
    assert media.url == f"/api/uploads/{media.media_id}"


async def test_a_photo_loses_its_exif_and_gets_a_thumbnail(house: House) -> None:
    media = await house.upload(a_jpeg(600, 400), file_name="photo.png")

    served = b"".join([part.data for part in await house.download(media.media_id)])
    assert media.content_type == "image/jpeg"
    assert (media.width, media.height, media.has_thumbnail) == (600, 400, True)
    assert (media.size_bytes, media.sha256) == (len(served), sha256(served).hexdigest())
    assert b"SecretCam" not in served


async def test_a_zip_that_calls_itself_an_image_is_a_zip(house: House) -> None:
    media = await house.upload(a_zip({"a": b"b"}), file_name="holiday.jpg")

    assert (media.content_type, media.has_thumbnail) == ("application/zip", False)


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A file, what is said of it, and why it is refused where 1,000 bytes are allowed, 200 for an avatar."""

    data: bytes = PDF
    start: dict[str, Any] = field(default_factory=dict)
    code: Code = Code.INVALID_ARGUMENT
    reason: Reason
    metadata: dict[str, str] = field(default_factory=dict)


REFUSED = {
    "one byte too much": Refused(
        data=PDF.ljust(1_001), reason=MediaReason.FILE_TOO_LARGE, metadata={"limit_bytes": "1000"}
    ),
    "announced too large": Refused(
        start={"size_bytes": 1_001}, reason=MediaReason.FILE_TOO_LARGE, metadata={"limit_bytes": "1000"}
    ),
    "more than announced": Refused(
        start={"size_bytes": 20}, reason=MediaReason.FILE_TOO_LARGE, metadata={"limit_bytes": "20"}
    ),
    "less than announced": Refused(
        start={"size_bytes": 999},
        code=Code.FAILED_PRECONDITION,
        reason=MediaReason.UPLOAD_INCOMPLETE,
        metadata={"received_bytes": str(len(PDF)), "expected_bytes": "999"},
    ),
    "nothing": Refused(data=b"", reason=MediaReason.FILE_EMPTY),
    "other bytes": Refused(start={"sha256": "0" * 64}, reason=MediaReason.CHECKSUM_MISMATCH),
    "html": Refused(
        data=b"<html><script>", reason=MediaReason.FILE_TYPE_NOT_ALLOWED, metadata={"detected_type": "text/html"}
    ),
    "huge image": Refused(
        data=a_png_that_claims(50_000, 50_000),
        reason=MediaReason.IMAGE_UNREADABLE,
        metadata={"limit_pixels": "40000000"},
    ),
    "document as avatar": Refused(
        start={"purpose": AVATAR},
        reason=MediaReason.FILE_TYPE_NOT_ALLOWED,
        metadata={"detected_type": "application/pdf"},
    ),
    "avatar too large": Refused(
        data=a_jpeg(), start={"purpose": AVATAR}, reason=MediaReason.FILE_TOO_LARGE, metadata={"limit_bytes": "200"}
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
async def test_what_is_refused_says_why_and_leaves_nothing_behind(tmp_path: Path, case: Refused) -> None:
    async with a_house(tmp_path, max_bytes=1_000, avatar_max_bytes=200) as house:
        error = await house.refused(steps_of(case.data, **case.start))

        assert (error.code, error.reason, error.metadata) == (case.code, case.reason, case.metadata)
        assert house.kept_files() == []


async def test_a_file_that_is_too_large_is_refused_while_it_still_arrives(tmp_path: Path) -> None:
    def endless() -> Iterator[pb.UploadRequest]:
        yield pb.UploadRequest(start=pb.UploadStart(file_name="endless.txt"))
        while True:
            yield pb.UploadRequest(data=b"x" * 600)

    async with a_house(tmp_path, max_bytes=1_000) as house:
        error = await house.refused(endless())

        assert error.reason == MediaReason.FILE_TOO_LARGE
        assert house.kept_files() == []


async def test_an_upload_that_stops_half_way_leaves_nothing_behind(house: House) -> None:
    async def half() -> AsyncIterator[pb.UploadRequest]:
        yield pb.UploadRequest(start=pb.UploadStart(file_name="half.pdf"))
        yield pb.UploadRequest(data=PDF)
        await asyncio.Event().wait()

    call = house.rpc.Upload(half(), metadata=house.by(ANN))
    await eventually(lambda: len(house.kept_files()) == 1)

    call.cancel()

    await eventually(lambda: house.kept_files() == [])


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [pb.UploadRequest(data=b"x")],
        [pb.UploadRequest(start=pb.UploadStart(file_name="a")), pb.UploadRequest(start=pb.UploadStart(file_name="b"))],
    ],
    ids=["nothing", "data first", "two starts"],
)
async def test_steps_out_of_order_are_refused_by_name(house: House, steps: list[pb.UploadRequest]) -> None:
    error = await house.refused(steps)

    assert error.reason == KernelReason.INVALID_FIELD
    assert [violation.field for violation in error.violations] == ["start"]
    assert house.kept_files() == []


async def test_nobody_uploads_without_a_token(house: House) -> None:
    error = await house.refused(steps_of(PDF), owner=None)

    assert error.reason == KernelReason.TOKEN_MISSING

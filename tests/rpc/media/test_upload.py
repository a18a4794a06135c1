"""Upload of a whole file in one stream."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import grpc
import pytest
from chatly.media.v1 import media_service_pb2 as pb

from kernel.errors import Code, KernelReason, Reason
from services.media.errors import MediaReason
from tests.rpc.media.harness import ANN, MediaNode, error_of, running_media, steps_of
from tests.unit.media.samples import PDF, a_jpeg, a_png_that_claims, a_zip
from tests.waiting import eventually

AVATAR = pb.MediaPurpose.MEDIA_PURPOSE_AVATAR


async def test_a_pdf_is_stored_unchanged(node: MediaNode) -> None:
    media = await node.upload(PDF, file_name="../../Rep\u202eort.pdf", sha256=sha256(PDF).hexdigest(), step=7)

    assert media.content_type == "application/pdf"
    assert media.file_name == "Report.pdf"
    assert (media.owner_id, media.purpose) == (ANN, pb.MediaPurpose.MEDIA_PURPOSE_MESSAGE)
    assert (media.size_bytes, media.sha256) == (len(PDF), sha256(PDF).hexdigest())
    assert not media.has_thumbnail
    assert media.url == f"/api/uploads/{media.media_id}"


async def test_a_photo_is_stored_without_exif_and_with_a_thumbnail(node: MediaNode) -> None:
    media = await node.upload(a_jpeg(600, 400), file_name="photo.png")

    served = b"".join([part.data for part in await node.download(media.media_id)])
    assert media.content_type == "image/jpeg"
    assert (media.width, media.height, media.has_thumbnail) == (600, 400, True)
    assert (media.size_bytes, media.sha256) == (len(served), sha256(served).hexdigest())
    assert b"SecretCam" not in served


async def test_a_zip_named_like_an_image_is_a_zip(node: MediaNode) -> None:
    media = await node.upload(a_zip({"a": b"b"}), file_name="holiday.jpg")

    assert (media.content_type, media.has_thumbnail) == ("application/zip", False)


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """An upload and the reason of its rejection; limits: 1,000 bytes, 200 for an avatar."""

    data: bytes = PDF
    start: dict[str, Any] = field(default_factory=dict)
    code: Code = Code.INVALID_ARGUMENT
    reason: Reason
    metadata: dict[str, str] = field(default_factory=dict)


REJECTED = {
    "one byte too much": Rejected(
        data=PDF.ljust(1_001), reason=MediaReason.FILE_TOO_LARGE, metadata={"limit_bytes": "1000"}
    ),
    "announced too large": Rejected(
        start={"size_bytes": 1_001}, reason=MediaReason.FILE_TOO_LARGE, metadata={"limit_bytes": "1000"}
    ),
    "more than announced": Rejected(
        start={"size_bytes": 20}, reason=MediaReason.FILE_TOO_LARGE, metadata={"limit_bytes": "20"}
    ),
    "less than announced": Rejected(
        start={"size_bytes": 999},
        code=Code.FAILED_PRECONDITION,
        reason=MediaReason.UPLOAD_INCOMPLETE,
        metadata={"received_bytes": str(len(PDF)), "expected_bytes": "999"},
    ),
    "nothing": Rejected(data=b"", reason=MediaReason.FILE_EMPTY),
    "other bytes": Rejected(start={"sha256": "0" * 64}, reason=MediaReason.CHECKSUM_MISMATCH),
    "html": Rejected(
        data=b"<html><script>", reason=MediaReason.FILE_TYPE_NOT_ALLOWED, metadata={"detected_type": "text/html"}
    ),
    "huge image": Rejected(
        data=a_png_that_claims(50_000, 50_000),
        reason=MediaReason.IMAGE_UNREADABLE,
        metadata={"limit_pixels": "40000000"},
    ),
    "document as avatar": Rejected(
        start={"purpose": AVATAR},
        reason=MediaReason.FILE_TYPE_NOT_ALLOWED,
        metadata={"detected_type": "application/pdf"},
    ),
    "avatar too large": Rejected(
        data=a_jpeg(), start={"purpose": AVATAR}, reason=MediaReason.FILE_TOO_LARGE, metadata={"limit_bytes": "200"}
    ),
}


@pytest.mark.parametrize("case", REJECTED.values(), ids=REJECTED.keys())
async def test_a_rejected_upload_has_a_reason_and_leaves_nothing(tmp_path: Path, case: Rejected) -> None:
    async with running_media(tmp_path, max_bytes=1_000, avatar_max_bytes=200) as node:
        error = await node.rejected(steps_of(case.data, **case.start))

        assert (error.code, error.reason, error.metadata) == (case.code, case.reason, case.metadata)
        assert node.kept_files() == []


async def test_a_file_that_is_too_large_is_rejected_while_it_arrives(tmp_path: Path) -> None:
    def endless() -> Iterator[pb.UploadRequest]:
        yield pb.UploadRequest(start=pb.UploadStart(file_name="endless.txt"))
        while True:
            yield pb.UploadRequest(data=b"x" * 600)

    async with running_media(tmp_path, max_bytes=1_000) as node:
        error = await node.rejected(endless())

        assert error.reason == MediaReason.FILE_TOO_LARGE
        assert node.kept_files() == []


async def test_an_interrupted_upload_leaves_nothing(node: MediaNode) -> None:
    async def half() -> AsyncIterator[pb.UploadRequest]:
        yield pb.UploadRequest(start=pb.UploadStart(file_name="half.pdf"))
        yield pb.UploadRequest(data=PDF)
        await asyncio.Event().wait()

    call = node.rpc.Upload(half(), metadata=node.by(ANN))
    await eventually(lambda: len(node.kept_files()) == 1)

    call.cancel()

    await eventually(lambda: node.kept_files() == [])


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [pb.UploadRequest(data=b"x")],
        [pb.UploadRequest(start=pb.UploadStart(file_name="a")), pb.UploadRequest(start=pb.UploadStart(file_name="b"))],
    ],
    ids=["nothing", "data first", "two starts"],
)
async def test_steps_out_of_order_are_rejected_by_name(node: MediaNode, steps: list[pb.UploadRequest]) -> None:
    error = await node.rejected(steps)

    assert error.reason == KernelReason.INVALID_FIELD
    assert [violation.field for violation in error.violations] == ["start"]
    assert node.kept_files() == []


async def test_an_upload_without_a_token_is_rejected(node: MediaNode) -> None:
    error = await node.rejected(steps_of(PDF), owner=None)

    assert error.reason == KernelReason.TOKEN_MISSING


async def test_a_stream_of_tiny_chunks_is_refused(node: MediaNode) -> None:
    async def steps() -> AsyncIterator[pb.UploadRequest]:
        yield pb.UploadRequest(start=pb.UploadStart(file_name="a.txt"))
        for _ in range(2_000):
            yield pb.UploadRequest(data=b"")

    with pytest.raises(grpc.aio.AioRpcError) as rejected:
        await node.rpc.Upload(steps(), metadata=node.by(ANN))

    assert error_of(rejected.value).reason == KernelReason.INVALID_FIELD

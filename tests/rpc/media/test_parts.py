"""CreateUpload, UploadPart, GetUpload, CompleteUpload: resumable uploads in parts."""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import grpc
import pytest
from chatly.media.v1 import media_service_pb2 as pb

from kernel.errors import Code, Reason
from services.media.errors import MediaReason
from tests.builders import an_id
from tests.fakes import MemoryLog
from tests.rpc.media.harness import ANN, BOB, MediaNode, error_of, running_media
from tests.unit.media.samples import PDF

TEXT = b"".join(b"line %d\n" % number for number in range(1_000))


async def begin(node: MediaNode, data: bytes = TEXT, **start: Any) -> str:
    fields = pb.UploadStart(**{"file_name": "notes.txt", "size_bytes": len(data), **start})
    response = await node.rpc.CreateUpload(pb.CreateUploadRequest(start=fields), metadata=node.by(ANN))
    return response.upload_id


async def part(node: MediaNode, upload_id: str, data: bytes, offset: int, *, by: str = ANN) -> int:
    request = pb.UploadPartRequest(upload_id=upload_id, data=data, offset=offset)
    return (await node.rpc.UploadPart(request, metadata=node.by(by))).received_bytes


async def complete(node: MediaNode, upload_id: str, *, by: str = ANN) -> pb.Media:
    request = pb.CompleteUploadRequest(upload_id=upload_id)
    return (await node.rpc.CompleteUpload(request, metadata=node.by(by))).media


async def progress(node: MediaNode, upload_id: str, *, by: str = ANN) -> pb.GetUploadResponse:
    return await node.rpc.GetUpload(pb.GetUploadRequest(upload_id=upload_id), metadata=node.by(by))


async def first_part(node: MediaNode, upload_id: str, *, by: str) -> int:
    return await part(node, upload_id, b"x", 0, by=by)


CALLS: dict[str, Callable[..., Awaitable[object]]] = {"part": first_part, "get": progress, "complete": complete}


async def test_a_file_is_uploaded_in_parts(node: MediaNode) -> None:
    upload = await begin(node, sha256=sha256(TEXT).hexdigest())

    assert await part(node, upload, TEXT[:5_000], 0) == 5_000
    assert await part(node, upload, TEXT[5_000:], 5_000) == len(TEXT)
    media = await complete(node, upload)

    assert (media.content_type, media.sha256) == ("text/plain", sha256(TEXT).hexdigest())
    assert b"".join([chunk.data for chunk in await node.download(media.media_id)]) == TEXT


async def test_an_upload_resumes_after_a_restart(tmp_path: Path) -> None:
    log = MemoryLog()
    async with running_media(tmp_path, log=log) as node:
        upload = await begin(node)
        await part(node, upload, TEXT[:300], 0)

    async with running_media(tmp_path, log=log) as node:
        received = await progress(node, upload)
        assert (received.received_bytes, received.size_bytes) == (300, len(TEXT))
        await part(node, upload, TEXT[300:], 300)
        assert (await complete(node, upload)).sha256 == sha256(TEXT).hexdigest()


async def test_a_repeated_part_returns_the_received_bytes(node: MediaNode) -> None:
    upload = await begin(node)
    await part(node, upload, TEXT[:100], 0)
    await part(node, upload, TEXT[100:200], 100)

    assert await part(node, upload, TEXT[:100], 0) == 200
    assert await part(node, upload, TEXT[100:200], 100) == 200


@pytest.mark.parametrize("offset", [50, 101])
async def test_a_part_with_a_wrong_offset_is_rejected_with_the_expected_one(node: MediaNode, offset: int) -> None:
    upload = await begin(node)
    await part(node, upload, TEXT[:100], 0)

    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await part(node, upload, TEXT[:100], offset)

    error = error_of(failed.value)
    assert (error.code, error.reason, error.metadata) == (
        Code.ABORTED,
        MediaReason.WRONG_OFFSET,
        {"expected_offset": "100"},
    )


async def test_a_part_sent_many_times_concurrently_is_stored_once(node: MediaNode) -> None:
    upload = await begin(node)

    received = await asyncio.gather(*(part(node, upload, TEXT, 0) for _ in range(10)))

    assert received == [len(TEXT)] * 10
    assert (await complete(node, upload)).sha256 == sha256(TEXT).hexdigest()


async def test_a_part_beyond_the_given_size_is_too_large(node: MediaNode) -> None:
    upload = await begin(node)

    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await part(node, upload, TEXT + b"x", 0)

    error = error_of(failed.value)
    assert (error.reason, error.metadata) == (MediaReason.FILE_TOO_LARGE, {"limit_bytes": str(len(TEXT))})


async def test_completing_too_early_reports_the_received_bytes_and_may_be_repeated(node: MediaNode) -> None:
    upload = await begin(node)
    await part(node, upload, TEXT[:100], 0)

    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await complete(node, upload)

    error = error_of(failed.value)
    assert error.reason == MediaReason.UPLOAD_INCOMPLETE
    assert error.metadata == {"received_bytes": "100", "expected_bytes": str(len(TEXT))}
    await part(node, upload, TEXT[100:], 100)
    assert (await complete(node, upload)).size_bytes == len(TEXT)


async def test_completing_again_returns_the_same_file(node: MediaNode) -> None:
    upload = await begin(node)
    await part(node, upload, TEXT, 0)

    medias = await asyncio.gather(*(complete(node, upload) for _ in range(3)))

    assert len({media.SerializeToString() for media in medias}) == 1
    assert len(node.kept_files()) == 1


async def test_rejected_content_ends_the_upload(node: MediaNode) -> None:
    data = b"<html>"
    upload = await begin(node, data)
    await part(node, upload, data, 0)

    reasons = []
    for _ in range(2):
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await complete(node, upload)
        reasons.append(error_of(failed.value).reason)

    assert reasons == [MediaReason.FILE_TYPE_NOT_ALLOWED, MediaReason.UPLOAD_NOT_FOUND]
    assert node.kept_files() == []


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
@pytest.mark.parametrize("owner", ["another user", "none"])
async def test_uploads_of_other_users_are_not_found(
    node: MediaNode, call: Callable[..., Awaitable[object]], owner: str
) -> None:
    upload = await begin(node) if owner == "another user" else an_id()

    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await call(node, upload, by=BOB)

    assert error_of(failed.value).reason == MediaReason.UPLOAD_NOT_FOUND


async def test_completing_a_finished_upload_of_another_user_is_not_found(node: MediaNode) -> None:
    upload = await begin(node)
    await part(node, upload, TEXT, 0)
    await complete(node, upload)

    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await complete(node, upload, by=BOB)

    assert error_of(failed.value).reason == MediaReason.UPLOAD_NOT_FOUND


@pytest.mark.parametrize(("size", "reason"), [(0, MediaReason.FILE_EMPTY), (26_214_401, MediaReason.FILE_TOO_LARGE)])
async def test_a_size_of_zero_or_above_the_limit_is_rejected(node: MediaNode, size: int, reason: Reason) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await begin(node, PDF, size_bytes=size)

    assert error_of(failed.value).reason == reason

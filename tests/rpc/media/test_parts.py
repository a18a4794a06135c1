"""CreateUpload, UploadPart, GetUpload, CompleteUpload: a file in parts, also after a break."""

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
from tests.rpc.media.house import ANN, BOB, House, a_house, refusal
from tests.unit.media.samples import PDF

TEXT = b"".join(b"line %d\n" % number for number in range(1_000))


async def begin(house: House, data: bytes = TEXT, **start: Any) -> str:
    announced = pb.UploadStart(**{"file_name": "notes.txt", "size_bytes": len(data), **start})
    response = await house.rpc.CreateUpload(pb.CreateUploadRequest(start=announced), metadata=house.by(ANN))
    return response.upload_id


async def part(house: House, upload_id: str, data: bytes, offset: int, *, by: str = ANN) -> int:
    request = pb.UploadPartRequest(upload_id=upload_id, data=data, offset=offset)
    return (await house.rpc.UploadPart(request, metadata=house.by(by))).received_bytes


async def complete(house: House, upload_id: str, *, by: str = ANN) -> pb.Media:
    request = pb.CompleteUploadRequest(upload_id=upload_id)
    return (await house.rpc.CompleteUpload(request, metadata=house.by(by))).media


async def progress(house: House, upload_id: str, *, by: str = ANN) -> pb.GetUploadResponse:
    return await house.rpc.GetUpload(pb.GetUploadRequest(upload_id=upload_id), metadata=house.by(by))


async def first_part(house: House, upload_id: str, *, by: str) -> int:
    return await part(house, upload_id, b"x", 0, by=by)


CALLS: dict[str, Callable[..., Awaitable[object]]] = {"part": first_part, "get": progress, "complete": complete}


async def test_a_file_arrives_in_parts(house: House) -> None:
    upload = await begin(house, sha256=sha256(TEXT).hexdigest())

    assert await part(house, upload, TEXT[:5_000], 0) == 5_000
    assert await part(house, upload, TEXT[5_000:], 5_000) == len(TEXT)
    media = await complete(house, upload)

    assert (media.content_type, media.sha256) == ("text/plain", sha256(TEXT).hexdigest())
    assert b"".join([piece.data for piece in await house.download(media.media_id)]) == TEXT


async def test_an_upload_goes_on_after_a_restart(tmp_path: Path) -> None:
    log = MemoryLog()
    async with a_house(tmp_path, log=log) as house:
        upload = await begin(house)
        await part(house, upload, TEXT[:300], 0)

    async with a_house(tmp_path, log=log) as house:
        reached = await progress(house, upload)
        assert (reached.received_bytes, reached.size_bytes) == (300, len(TEXT))
        await part(house, upload, TEXT[300:], 300)
        assert (await complete(house, upload)).sha256 == sha256(TEXT).hexdigest()


async def test_a_part_that_is_there_already_answers_with_the_offset_reached(house: House) -> None:
    upload = await begin(house)
    await part(house, upload, TEXT[:100], 0)
    await part(house, upload, TEXT[100:200], 100)

    assert await part(house, upload, TEXT[:100], 0) == 200
    assert await part(house, upload, TEXT[100:200], 100) == 200


@pytest.mark.parametrize("offset", [50, 101])
async def test_a_part_that_begins_elsewhere_is_told_where_to_begin(house: House, offset: int) -> None:
    upload = await begin(house)
    await part(house, upload, TEXT[:100], 0)

    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await part(house, upload, TEXT[:100], offset)

    error = refusal(failed.value)
    assert (error.code, error.reason, error.metadata) == (
        Code.ABORTED,
        MediaReason.WRONG_OFFSET,
        {"expected_offset": "100"},
    )


async def test_the_same_part_sent_many_times_at_once_is_there_once(house: House) -> None:
    upload = await begin(house)

    reached = await asyncio.gather(*(part(house, upload, TEXT, 0) for _ in range(10)))

    assert reached == [len(TEXT)] * 10
    assert (await complete(house, upload)).sha256 == sha256(TEXT).hexdigest()


async def test_a_part_behind_the_announced_end_is_too_large(house: House) -> None:
    upload = await begin(house)

    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await part(house, upload, TEXT + b"x", 0)

    error = refusal(failed.value)
    assert (error.reason, error.metadata) == (MediaReason.FILE_TOO_LARGE, {"limit_bytes": str(len(TEXT))})


async def test_completing_too_early_says_what_lacks_and_may_be_repeated_later(house: House) -> None:
    upload = await begin(house)
    await part(house, upload, TEXT[:100], 0)

    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await complete(house, upload)

    error = refusal(failed.value)
    assert error.reason == MediaReason.UPLOAD_INCOMPLETE
    assert error.metadata == {"received_bytes": "100", "expected_bytes": str(len(TEXT))}
    await part(house, upload, TEXT[100:], 100)
    assert (await complete(house, upload)).size_bytes == len(TEXT)


async def test_completing_again_gives_the_same_file(house: House) -> None:
    upload = await begin(house)
    await part(house, upload, TEXT, 0)

    medias = await asyncio.gather(*(complete(house, upload) for _ in range(3)))

    assert len({media.SerializeToString() for media in medias}) == 1
    assert len(house.kept_files()) == 1


async def test_content_that_is_refused_ends_the_upload(house: House) -> None:
    data = b"<html>"
    upload = await begin(house, data)
    await part(house, upload, data, 0)

    reasons = []
    for _ in range(2):
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await complete(house, upload)
        reasons.append(refusal(failed.value).reason)

    assert reasons == [MediaReason.FILE_TYPE_NOT_ALLOWED, MediaReason.UPLOAD_NOT_FOUND]
    assert house.kept_files() == []


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
@pytest.mark.parametrize("whose", ["somebody else's", "nobody's"])
async def test_an_upload_of_others_does_not_exist(
    house: House, call: Callable[..., Awaitable[object]], whose: str
) -> None:
    upload = await begin(house) if whose == "somebody else's" else an_id()

    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await call(house, upload, by=BOB)

    assert refusal(failed.value).reason == MediaReason.UPLOAD_NOT_FOUND


async def test_completing_somebody_elses_finished_upload_gives_nothing_away(house: House) -> None:
    upload = await begin(house)
    await part(house, upload, TEXT, 0)
    await complete(house, upload)

    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await complete(house, upload, by=BOB)

    assert refusal(failed.value).reason == MediaReason.UPLOAD_NOT_FOUND


@pytest.mark.parametrize(("size", "reason"), [(0, MediaReason.FILE_EMPTY), (26_214_401, MediaReason.FILE_TOO_LARGE)])
async def test_a_size_of_nothing_or_too_much_is_refused_at_once(house: House, size: int, reason: Reason) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await begin(house, PDF, size_bytes=size)

    assert refusal(failed.value).reason == reason

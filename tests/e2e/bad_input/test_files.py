"""Files with a wrong type, too large files, and incomplete uploads."""

from collections.abc import AsyncIterator
from hashlib import sha256

import grpc
import httpx
import pytest
from chatly.media.v1 import media_service_pb2 as media
from chatly.media.v1.media_service_pb2_grpc import MediaServiceStub

from tests.e2e.mesh import EMBEDDED, Mesh
from tests.e2e.people import Person
from tests.problems import metadata, reason, rpc_reason
from tests.unit.media.samples import PDF, a_jpeg, a_png_that_claims, a_zip
from tests.waiting import eventually

UPLOAD = "/api/upload/message"
LIMIT = 25 * 1024 * 1024
REFUSED = {
    "an image that is a program": ("photo.jpg", b"\x7fELF" + b"\0" * 100, "FILE_TYPE_NOT_ALLOWED"),
    "a page of another site": ("photo.svg", b"<svg onload='alert(1)'/>", "FILE_TYPE_NOT_ALLOWED"),
    "a PNG of 50,000 × 50,000": ("bomb.png", a_png_that_claims(50_000, 50_000), "IMAGE_UNREADABLE"),
    "half an image": ("photo.jpg", a_jpeg(800, 600)[:2_000], "IMAGE_UNREADABLE"),
    "nothing": ("empty.txt", b"", "FILE_EMPTY"),
}


@pytest.mark.parametrize(("name", "data", "expected"), REFUSED.values(), ids=REFUSED.keys())
async def test_the_content_of_a_file_decides_its_type(
    client: httpx.AsyncClient, pair: tuple[Person, Person], name: str, data: bytes, expected: str
) -> None:
    ann, _ = pair
    answer = await client.post(UPLOAD, files={"file": (name, data, "image/png")}, headers=ann.headers)

    assert (answer.status_code, reason(answer)) == (400, expected)


async def test_a_zip_named_as_an_image_is_a_zip(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, _ = pair
    file = ("photo.png", a_zip({"a.txt": b"no pixels"}), "image/png")
    stored = (await client.post(UPLOAD, files={"file": file}, headers=ann.headers)).json()
    served = await client.get(stored["url"], headers=ann.headers)
    as_avatar = await client.put("/api/profile/me", files={"avatar": file}, headers=ann.headers)

    assert stored["content_type"] == "application/zip"
    assert served.headers["content-type"] == "application/zip"
    assert served.headers["content-disposition"].startswith("attachment;")
    assert (as_avatar.status_code, reason(as_avatar)) == (400, "FILE_TYPE_NOT_ALLOWED")


async def test_one_byte_too_many_is_refused_with_the_limit(
    client: httpx.AsyncClient, edge: grpc.aio.Channel, pair: tuple[Person, Person]
) -> None:
    ann, _ = pair
    answer = await client.post(UPLOAD, files={"file": ("large.pdf", PDF.ljust(LIMIT + 1))}, headers=ann.headers)
    start = media.UploadStart(file_name="large.pdf", size_bytes=LIMIT + 1)
    with pytest.raises(grpc.aio.AioRpcError) as announced:
        await MediaServiceStub(edge).CreateUpload(media.CreateUploadRequest(start=start), metadata=ann.metadata)

    assert (answer.status_code, reason(answer)) == (400, "FILE_TOO_LARGE")
    assert metadata(answer) == {"limit_bytes": str(LIMIT)}
    assert rpc_reason(announced.value) == "FILE_TOO_LARGE"


async def test_the_largest_file_is_accepted(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, _ = pair
    data = PDF.ljust(LIMIT)
    uploaded = await client.post(UPLOAD, files={"file": ("large.pdf", data)}, headers=ann.headers)
    downloaded = await client.get(uploaded.json()["url"], headers=ann.headers)

    assert sha256(downloaded.content).digest() == sha256(data).digest()


@EMBEDDED
async def test_an_upload_that_stops_half_way_leaves_nothing(
    mesh: Mesh, client: httpx.AsyncClient, pair: tuple[Person, Person]
) -> None:
    ann, _ = pair

    async def half() -> AsyncIterator[bytes]:
        yield PDF[:40]
        raise ConnectionError("the cable was pulled")

    before = files_of(mesh)
    with pytest.raises(ConnectionError):
        await client.post(UPLOAD, params={"file_name": "half.pdf"}, content=half(), headers=ann.headers)
    with pytest.raises(ConnectionError):
        await client.post(
            UPLOAD, content=half(), headers={**ann.headers, "content-type": "multipart/form-data; boundary=x"}
        )
    await eventually(lambda: files_of(mesh) <= before)


def files_of(mesh: Mesh) -> set[str]:
    """Return every file of the media service."""
    return {str(path) for path in (mesh.data_dir / "media").rglob("*") if path.is_file()}


async def test_an_upload_stream_that_ends_early_is_refused(edge: grpc.aio.Channel, pair: tuple[Person, Person]) -> None:
    ann, _ = pair
    call = MediaServiceStub(edge).Upload(metadata=ann.metadata)
    start = media.UploadStart(file_name="half.pdf", size_bytes=len(PDF))
    await call.write(media.UploadRequest(start=start))
    await call.write(media.UploadRequest(data=PDF[:40]))
    await call.done_writing()
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call

    assert rpc_reason(refused.value) == "UPLOAD_INCOMPLETE"


async def test_parts_must_follow_one_another(edge: grpc.aio.Channel, pair: tuple[Person, Person]) -> None:
    ann, _ = pair
    stub = MediaServiceStub(edge)
    start = media.UploadStart(file_name="parts.pdf", size_bytes=len(PDF), sha256="0" * 64)
    begun = await stub.CreateUpload(media.CreateUploadRequest(start=start), metadata=ann.metadata)
    part = media.UploadPartRequest(upload_id=begun.upload_id, offset=10, data=PDF[10:])
    completed = media.CompleteUploadRequest(upload_id=begun.upload_id)
    with pytest.raises(grpc.aio.AioRpcError) as gap:
        await stub.UploadPart(part, metadata=ann.metadata)
    with pytest.raises(grpc.aio.AioRpcError) as early:
        await stub.CompleteUpload(completed, metadata=ann.metadata)
    await stub.UploadPart(media.UploadPartRequest(upload_id=begun.upload_id, offset=0, data=PDF), metadata=ann.metadata)
    with pytest.raises(grpc.aio.AioRpcError) as altered:
        await stub.CompleteUpload(completed, metadata=ann.metadata)

    assert [rpc_reason(error.value) for error in (gap, early, altered)] == [
        "WRONG_OFFSET",
        "UPLOAD_INCOMPLETE",
        "CHECKSUM_MISMATCH",
    ]

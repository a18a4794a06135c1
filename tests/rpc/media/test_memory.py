"""A file of the largest size goes through without ever being in memory: client and server share this process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import psutil
import pytest
from chatly.media.v1 import media_service_pb2 as pb

from tests.rpc.media.house import ANN, House

MIB = 1024 * 1024
SIZE = 25 * MIB
PIECE = b"0123456789abcdef" * 16_384
ALLOWED = 20 * MIB


@asynccontextmanager
async def measured() -> AsyncIterator[None]:
    """Fails if the process grows by more than is allowed meanwhile."""
    process = psutil.Process()
    before = peak = process.memory_info().rss

    async def watch() -> None:
        nonlocal peak
        while True:
            peak = max(peak, process.memory_info().rss)
            await asyncio.sleep(0.002)

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
    assert peak - before < ALLOWED, f"{(peak - before) / MIB:.1f} MiB more"


async def body(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // len(PIECE)):
        yield PIECE


async def upload_by_stream(house: House, size: int) -> str:
    async def steps() -> AsyncIterator[pb.UploadRequest]:
        yield pb.UploadRequest(start=pb.UploadStart(file_name="large.txt"))
        async for piece in body(size):
            yield pb.UploadRequest(data=piece)

    return (await house.rpc.Upload(steps(), metadata=house.by(ANN))).media.media_id


async def upload_in_parts(house: House, size: int) -> str:
    start = pb.UploadStart(file_name="large.txt", size_bytes=size)
    begun = await house.rpc.CreateUpload(pb.CreateUploadRequest(start=start), metadata=house.by(ANN))
    for offset in range(0, size, len(PIECE)):
        part = pb.UploadPartRequest(upload_id=begun.upload_id, offset=offset, data=PIECE)
        await house.rpc.UploadPart(part, metadata=house.by(ANN))
    completion = pb.CompleteUploadRequest(upload_id=begun.upload_id)
    return (await house.rpc.CompleteUpload(completion, metadata=house.by(ANN))).media.media_id


async def upload_over_http(house: House, size: int) -> str:
    response = await house.http.post(
        "/api/upload/message?file_name=large.txt", headers=house.header(ANN), content=body(size)
    )
    return str(response.json()["media_id"])


async def upload_by_form(house: House, size: int) -> str:
    async def form() -> AsyncIterator[bytes]:
        yield b'--edge\r\nContent-Disposition: form-data; name="file"; filename="large.txt"\r\n\r\n'
        async for piece in body(size):
            yield piece
        yield b"\r\n--edge--\r\n"

    headers = house.header(ANN, **{"content-type": "multipart/form-data; boundary=edge"})
    response = await house.http.post("/api/upload/message", headers=headers, content=form())
    return str(response.json()["media_id"])


WAYS: dict[str, Callable[[House, int], Awaitable[str]]] = {
    "stream": upload_by_stream,
    "parts": upload_in_parts,
    "body": upload_over_http,
    "form": upload_by_form,
}


@pytest.mark.parametrize("upload", WAYS.values(), ids=WAYS.keys())
async def test_the_largest_upload_needs_little_memory(house: House, upload: Callable[..., Awaitable[str]]) -> None:
    # Threads, pools and imports cost their memory once.
    await upload(house, MIB)

    async with measured():
        media_id = await upload(house, SIZE)

    assert (await house.get(media_id, reader=ANN)).size_bytes == SIZE


@pytest.mark.parametrize("way", ["stream", "http"])
async def test_the_largest_download_needs_little_memory(house: House, way: str) -> None:
    small, large = await upload_by_stream(house, MIB), await upload_by_stream(house, SIZE)
    download = download_by_stream if way == "stream" else download_over_http
    await download(house, small)

    async with measured():
        received = await download(house, large)

    assert received == SIZE


async def download_by_stream(house: House, media_id: str) -> int:
    call = house.rpc.Download(pb.DownloadRequest(media_id=media_id), metadata=house.by(ANN))
    return sum([len(response.data) async for response in call])


async def download_over_http(house: House, media_id: str) -> int:
    async with house.http.stream("GET", f"/api/uploads/{media_id}", headers=house.header(ANN)) as response:
        return sum([len(piece) async for piece in response.aiter_bytes()])

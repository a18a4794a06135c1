"""Transfers of the largest file need little memory. Client and server share this process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import psutil
import pytest
from chatly.media.v1 import media_service_pb2 as pb

from tests.rpc.media.harness import ANN, MediaNode

MIB = 1024 * 1024
SIZE = 25 * MIB
CHUNK = b"0123456789abcdef" * 16_384
ALLOWED = 20 * MIB


@asynccontextmanager
async def measured() -> AsyncIterator[None]:
    """Fail if the memory of the process grows by more than ALLOWED."""
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
    for _ in range(size // len(CHUNK)):
        yield CHUNK


async def upload_by_stream(node: MediaNode, size: int) -> str:
    async def steps() -> AsyncIterator[pb.UploadRequest]:
        yield pb.UploadRequest(start=pb.UploadStart(file_name="large.txt"))
        async for chunk in body(size):
            yield pb.UploadRequest(data=chunk)

    return (await node.rpc.Upload(steps(), metadata=node.by(ANN))).media.media_id


async def upload_in_parts(node: MediaNode, size: int) -> str:
    start = pb.UploadStart(file_name="large.txt", size_bytes=size)
    begun = await node.rpc.CreateUpload(pb.CreateUploadRequest(start=start), metadata=node.by(ANN))
    for offset in range(0, size, len(CHUNK)):
        part = pb.UploadPartRequest(upload_id=begun.upload_id, offset=offset, data=CHUNK)
        await node.rpc.UploadPart(part, metadata=node.by(ANN))
    completion = pb.CompleteUploadRequest(upload_id=begun.upload_id)
    return (await node.rpc.CompleteUpload(completion, metadata=node.by(ANN))).media.media_id


async def upload_over_http(node: MediaNode, size: int) -> str:
    response = await node.http.post(
        "/api/upload/message?file_name=large.txt", headers=node.header(ANN), content=body(size)
    )
    return str(response.json()["media_id"])


async def upload_by_form(node: MediaNode, size: int) -> str:
    async def form() -> AsyncIterator[bytes]:
        yield b'--edge\r\nContent-Disposition: form-data; name="file"; filename="large.txt"\r\n\r\n'
        async for chunk in body(size):
            yield chunk
        yield b"\r\n--edge--\r\n"

    headers = node.header(ANN, **{"content-type": "multipart/form-data; boundary=edge"})
    response = await node.http.post("/api/upload/message", headers=headers, content=form())
    return str(response.json()["media_id"])


WAYS: dict[str, Callable[[MediaNode, int], Awaitable[str]]] = {
    "stream": upload_by_stream,
    "parts": upload_in_parts,
    "body": upload_over_http,
    "form": upload_by_form,
}


@pytest.mark.parametrize("upload", WAYS.values(), ids=WAYS.keys())
async def test_the_largest_upload_needs_little_memory(node: MediaNode, upload: Callable[..., Awaitable[str]]) -> None:
    # The first upload also allocates threads, pools and imported modules.
    await upload(node, MIB)

    async with measured():
        media_id = await upload(node, SIZE)

    assert (await node.get(media_id, reader=ANN)).size_bytes == SIZE


@pytest.mark.parametrize("way", ["stream", "http"])
async def test_the_largest_download_needs_little_memory(node: MediaNode, way: str) -> None:
    small, large = await upload_by_stream(node, MIB), await upload_by_stream(node, SIZE)
    download = download_by_stream if way == "stream" else download_over_http
    await download(node, small)

    async with measured():
        received = await download(node, large)

    assert received == SIZE


async def download_by_stream(node: MediaNode, media_id: str) -> int:
    call = node.rpc.Download(pb.DownloadRequest(media_id=media_id), metadata=node.by(ANN))
    return sum([len(response.data) async for response in call])


async def download_over_http(node: MediaNode, media_id: str) -> int:
    async with node.http.stream("GET", f"/api/uploads/{media_id}", headers=node.header(ANN)) as response:
        return sum([len(chunk) async for chunk in response.aiter_bytes()])

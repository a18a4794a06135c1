"""Properties of the S3 store: shared by nodes, no parts left behind, and unreachable servers."""

import asyncio
import dataclasses
import socket
import threading
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import pytest

from kernel.errors import ChatlyError, KernelReason
from kernel.s3.blob_store import S3BlobStore, open_s3_blob_store
from tests.engines.running import S3Server
from tests.engines.s3 import fresh_s3, s3_settings

pytestmark = pytest.mark.engines("s3")

MEBIBYTE = 1 << 20


@pytest.fixture
async def store(s3_server: S3Server, fresh_name: str) -> AsyncIterator[tuple[S3BlobStore, Any]]:
    async with fresh_s3(s3_server, fresh_name) as opened:
        yield opened


async def mebibytes(count: int) -> AsyncIterator[bytes]:
    for number in range(count):
        yield bytes([number]) * MEBIBYTE


async def unfinished(begun: asyncio.Event) -> AsyncIterator[bytes]:
    for _ in range(6):
        yield b"x" * MEBIBYTE
    begun.set()
    await asyncio.Event().wait()


async def test_nodes_that_start_at_the_same_time_share_one_bucket(
    s3_server: S3Server, store: tuple[S3BlobStore, Any]
) -> None:
    mine, _ = store
    async with open_s3_blob_store(mine._settings) as theirs:
        await asyncio.gather(mine.put("a", mebibytes(1)), theirs.put("b", mebibytes(1)))

        assert len(b"".join([chunk async for chunk in theirs.read("a")])) == MEBIBYTE


async def test_a_cancelled_upload_leaves_no_parts(store: tuple[S3BlobStore, Any], fresh_name: str) -> None:
    blobs, client = store
    begun = asyncio.Event()
    putting = asyncio.create_task(blobs.put("a", unfinished(begun)))
    async with asyncio.timeout(20):
        await begun.wait()
    assert client.list_multipart_uploads(Bucket=fresh_name).get("Uploads")

    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting

    assert not client.list_multipart_uploads(Bucket=fresh_name).get("Uploads")


@pytest.mark.parametrize("call", ["create_multipart_upload", "upload_part"])
async def test_an_upload_that_is_cancelled_in_a_call_leaves_no_parts(
    store: tuple[S3BlobStore, Any], fresh_name: str, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    blobs, client = store
    begun, goes_on = threading.Event(), threading.Event()
    work = getattr(client, call)

    def slowly(**options: object) -> object:
        begun.set()
        assert goes_on.wait(20)
        return work(**options)

    monkeypatch.setattr(client, call, slowly)
    putting = asyncio.create_task(blobs.put("a", mebibytes(6)))
    assert await asyncio.to_thread(begun.wait, 20)
    putting.cancel()
    goes_on.set()
    with pytest.raises(asyncio.CancelledError):
        await putting

    assert not client.list_multipart_uploads(Bucket=fresh_name).get("Uploads")


async def test_25_mebibytes_are_stored_and_read_with_less_than_20_of_memory(store: tuple[S3BlobStore, Any]) -> None:
    blobs, _ = store
    await blobs.put("warm", mebibytes(1))
    tracemalloc.start()
    try:
        await blobs.put("a", mebibytes(25))
        async for chunk in blobs.read("a"):
            assert len(chunk) <= 256 * 1024
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 20 * MEBIBYTE


async def test_an_unreachable_server_is_unavailable_and_reported(s3_server: S3Server) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        settings = dataclasses.replace(s3_settings(s3_server, "chatly"), endpoint=endpoint)
        async with open_s3_blob_store(settings) as blobs:
            for call in (blobs.put("a", mebibytes(1)), anext(blobs.read("a")), blobs.delete("a")):
                with pytest.raises(ChatlyError) as failed:
                    await call
                assert failed.value.reason == KernelReason.STORE_UNAVAILABLE
            assert endpoint in (await blobs.health() or "")


async def test_a_wrong_key_is_reported_and_not_shown(s3_server: S3Server, fresh_name: str) -> None:
    settings = dataclasses.replace(s3_settings(s3_server, fresh_name), secret_key="wrong-secret")
    async with open_s3_blob_store(settings) as blobs:
        problem = await blobs.health() or ""

    assert fresh_name in problem
    assert "wrong-secret" not in problem

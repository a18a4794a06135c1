"""Streaming parser of multipart forms."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from itertools import repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import ChatlyError, KernelReason
from services.media.api.http.form import MAX_FRAMING_BYTES, MAX_PARTS, MAX_UNREAD_BYTES, is_form, read_form

CONTENT_TYPE = 'multipart/form-data; boundary="edge"'
FORM = (
    b'--edge\r\nContent-Disposition: form-data; name="bio"\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n'
    b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a \xf0\x9f\x91\x8b.bin"\r\n'
    b"Content-Type: image/png\r\n\r\n\0\r\n--edg\r\n\xff\r\n--edge--\r\n"
)


async def in_pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def read(data: bytes, *, size: int = 1_000, content_type: str = CONTENT_TYPE) -> list[tuple[object, ...]]:
    return [
        (part.name, part.file_name, b"".join([chunk async for chunk in part.chunks]))
        async for part in read_form(content_type, in_pieces(data, size))
    ]


@given(size=st.integers(1, len(FORM)))
async def test_a_form_is_parsed_in_chunks_of_any_size(size: int) -> None:
    assert await read(FORM, size=size) == [
        ("bio", None, "Grüße".encode()),
        ("file", "a 👋.bin", b"\0\r\n--edg\r\n\xff"),
    ]


async def test_an_unread_part_is_skipped() -> None:
    names = [part.name async for part in read_form(CONTENT_TYPE, in_pieces(FORM, 7))]

    assert names == ["bio", "file"]


@given(end=st.integers(0, len(FORM) - len("--\r\n") - 1))
async def test_an_incomplete_form_is_malformed(end: int) -> None:
    with pytest.raises(ChatlyError) as rejected:
        await read(FORM[:end])

    assert rejected.value.reason == KernelReason.MALFORMED_REQUEST


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=" + "x" * 400])
async def test_a_form_without_a_usable_boundary_is_malformed(content_type: str) -> None:
    with pytest.raises(ChatlyError) as rejected:
        await read(FORM, content_type=content_type)

    assert rejected.value.reason == KernelReason.MALFORMED_REQUEST


@pytest.mark.parametrize("value", [b"x" * 20_000, b"\xff"], ids=["too long", "not UTF-8"])
async def test_a_field_that_is_not_a_short_text_is_rejected_by_name(value: bytes) -> None:
    form = b'--edge\r\nContent-Disposition: form-data; name="bio"\r\n\r\n' + value + b"\r\n--edge--\r\n"

    with pytest.raises(ChatlyError) as rejected:
        [await part.text() async for part in read_form(CONTENT_TYPE, in_pieces(form, 512))]

    assert [violation.field for violation in rejected.value.violations] == ["bio"]


BEGIN = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
ENDLESS: dict[str, tuple[bytes, bytes, int]] = {
    "empty parts": (b"--edge\r\n\r\n", b"\r\n--edge\r\n\r\n", MAX_PARTS),
    "boundaries within a file": (BEGIN, b"\r\n--edgex", 4 * MAX_PARTS),
    "padding after a boundary": (BEGIN + b"\r\n--edge", b" ", MAX_FRAMING_BYTES),
    "line ends before the first boundary": (b"", b"\r\n", MAX_FRAMING_BYTES),
    "bytes after the last boundary": (BEGIN + b"\r\n--edge--\r\n", b"x", MAX_FRAMING_BYTES),
    "headers": (b"--edge\r\n", b"a:b\r\n", 0),
    "one header": (b"--edge\r\na:", b"x", 0),
    "a field that nobody reads": (BEGIN, b"x" * 1_000, MAX_UNREAD_BYTES),
}


def endless(name: str) -> tuple[AsyncIterator[bytes], list[int]]:
    """Return a body without end in chunks of 64 KiB, and a list that gets the size of each chunk that is read."""
    begin, unit, _ = ENDLESS[name]
    sizes: list[int] = []

    async def body() -> AsyncIterator[bytes]:
        block = unit * (65_536 // len(unit))
        chunks: Iterator[bytes] = repeat(block)
        yield begin
        for chunk in chunks:
            sizes.append(len(chunk))
            yield chunk

    return body(), sizes


@pytest.mark.parametrize("name", ENDLESS)
async def test_a_form_without_end_is_refused_at_its_limit(name: str) -> None:
    body, sizes = endless(name)
    limit = ENDLESS[name][2]

    with pytest.raises(ChatlyError) as rejected:
        [part async for part in read_form(CONTENT_TYPE, body)]

    assert rejected.value.reason == KernelReason.MALFORMED_REQUEST
    assert rejected.value.metadata == ({"limit": str(limit)} if limit else {})
    assert sum(sizes) <= max(limit, 65_536) + 2 * 65_536


@pytest.mark.parametrize("name", ENDLESS)
async def test_other_tasks_run_while_a_hostile_form_is_parsed(name: str) -> None:
    body, _ = endless(name)
    longest, before = 0.0, time.thread_time()

    async def read_for_a_while() -> None:
        async for part in read_form(CONTENT_TYPE, body):
            received = 0
            async for chunk in part.chunks:
                received += len(chunk)
                if received > 2**20:
                    return

    async def watch() -> None:
        nonlocal longest, before
        while True:
            now = time.thread_time()
            longest, before = max(longest, now - before), now
            await asyncio.sleep(0)

    watcher = asyncio.create_task(watch())
    await asyncio.gather(read_for_a_while(), return_exceptions=True)
    watcher.cancel()

    # A chunk of 64 KiB that is parsed as a whole takes 20 ms or more.
    assert longest < 0.012, f"{longest * 1_000:.1f} ms of CPU without a break"


def test_only_multipart_content_types_are_forms() -> None:
    assert is_form(CONTENT_TYPE)
    assert not is_form("application/json")
    assert not is_form("")

"""Streaming parser of multipart forms."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import ChatlyError, KernelReason
from services.media.api.http.form import is_form, read_form

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


def test_only_multipart_content_types_are_forms() -> None:
    assert is_form(CONTENT_TYPE)
    assert not is_form("application/json")
    assert not is_form("")

"""The contract of BlobStore, for every adapter."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kernel.blob.folder import FolderBlobStore
from kernel.blob.ports import BlobStore
from tests.engines.s3 import fresh_s3

CONTENT = bytes(range(256)) * 3_000


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.engines("s3"))])
async def blobs(request: pytest.FixtureRequest, tmp_path: Path, fresh_name: str) -> AsyncIterator[BlobStore]:
    if request.param == "folder":
        folder = FolderBlobStore(tmp_path / "blobs")
        await folder.open()
        yield folder
    else:
        async with fresh_s3(request.getfixturevalue("s3_server"), fresh_name) as (store, _):
            yield store


async def pieces(*parts: bytes, then: Exception | None = None) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
    if then is not None:
        raise then


async def whole(blobs: BlobStore, name: str, *, offset: int = 0, length: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in blobs.read(name, offset=offset, length=length)])


async def test_a_blob_is_read_back_and_put_returns_its_size(blobs: BlobStore) -> None:
    size = await blobs.put("a/b", pieces(CONTENT[:1000], b"", CONTENT[1000:]))

    assert size == len(CONTENT)
    assert await whole(blobs, "a/b") == CONTENT


async def test_a_blob_may_be_empty(blobs: BlobStore) -> None:
    assert await blobs.put("a", pieces()) == 0
    assert await whole(blobs, "a") == b""


async def test_a_blob_of_many_mebibytes_is_read_back(blobs: BlobStore) -> None:
    pieces_of_it = [bytes([number]) * 1_000_000 for number in range(12)]

    assert await blobs.put("a", pieces(*pieces_of_it)) == 12_000_000

    assert await whole(blobs, "a") == b"".join(pieces_of_it)
    assert await whole(blobs, "a", offset=5_999_999, length=2) == b"\5\6"


async def test_a_large_blob_that_stops_half_way_does_not_appear(blobs: BlobStore) -> None:
    with pytest.raises(ConnectionError):
        await blobs.put("a", pieces(*[b"x" * 1_000_000] * 7, then=ConnectionError()))

    with pytest.raises(KeyError):
        await whole(blobs, "a")


async def test_reading_a_missing_blob_raises_even_for_zero_bytes(blobs: BlobStore) -> None:
    with pytest.raises(KeyError):
        await whole(blobs, "a", length=0)


async def test_a_blob_is_read_in_chunks_of_at_most_256_kib(blobs: BlobStore) -> None:
    await blobs.put("a", pieces(CONTENT))

    assert max([len(chunk) async for chunk in blobs.read("a")]) <= 256 * 1024


@pytest.mark.parametrize(
    ("offset", "length"), [(0, 10), (5, None), (5, 300_000), (len(CONTENT), None), (len(CONTENT) + 9, 5), (3, 0)]
)
async def test_a_range_is_read(blobs: BlobStore, offset: int, length: int | None) -> None:
    await blobs.put("a", pieces(CONTENT))

    end = None if length is None else offset + length
    assert await whole(blobs, "a", offset=offset, length=length) == CONTENT[offset:end]


async def test_a_blob_that_stops_half_way_does_not_appear(blobs: BlobStore) -> None:
    with pytest.raises(ConnectionError):
        await blobs.put("a", pieces(b"half", then=ConnectionError()))

    with pytest.raises(KeyError):
        await whole(blobs, "a")


async def test_a_failed_replacement_leaves_the_old_bytes(blobs: BlobStore) -> None:
    await blobs.put("a", pieces(b"old"))

    with pytest.raises(ConnectionError):
        await blobs.put("a", pieces(b"new", then=ConnectionError()))

    assert await whole(blobs, "a") == b"old"


async def test_a_second_put_replaces_while_a_running_read_gets_the_old_bytes(blobs: BlobStore) -> None:
    await blobs.put("a", pieces(CONTENT))
    reading = blobs.read("a")
    first = await anext(reading)

    await blobs.put("a", pieces(b"new"))

    assert first + b"".join([chunk async for chunk in reading]) == CONTENT
    assert await whole(blobs, "a") == b"new"


async def test_a_deleted_blob_is_gone_and_can_be_deleted_again(blobs: BlobStore) -> None:
    await blobs.put("a", pieces(b"x"))

    await blobs.delete("a")
    await blobs.delete("a")

    with pytest.raises(KeyError):
        await whole(blobs, "a")


async def test_one_name_may_start_with_another(blobs: BlobStore) -> None:
    await blobs.put("a", pieces(b"one"))
    await blobs.put("a/b", pieces(b"two"))

    assert (await whole(blobs, "a"), await whole(blobs, "a/b")) == (b"one", b"two")


@pytest.mark.parametrize("name", ["", "../a", "a.b", "/a", "a b", "ä", "a\0", "x" * 201])
async def test_other_names_are_refused(blobs: BlobStore, name: str) -> None:
    with pytest.raises(ValueError, match="is not a valid blob name"):
        await blobs.put(name, pieces(b"x"))

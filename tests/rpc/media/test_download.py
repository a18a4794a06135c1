"""Download over a gRPC stream."""

import grpc
import pytest
from chatly.media.v1 import media_service_pb2 as pb

from kernel.errors import Code
from services.media.errors import MediaReason
from tests.rpc.media.harness import MediaNode, error_of
from tests.unit.media.samples import PDF, a_png, opened

LONG = b"0123456789abcdef" * 40_000


async def test_the_first_response_describes_the_file_and_chunks_are_bounded(node: MediaNode) -> None:
    media = await node.upload(LONG)

    answers = await node.download(media.media_id)

    assert [answer.HasField("media") for answer in answers] == [True] + [False] * (len(answers) - 1)
    assert answers[0].media == media
    assert max(len(answer.data) for answer in answers) <= 256 * 1024
    assert b"".join([answer.data for answer in answers]) == LONG


@pytest.mark.parametrize("offset", [1, 300_000, len(LONG) - 1, len(LONG)])
async def test_a_download_starts_at_any_offset(node: MediaNode, offset: int) -> None:
    media = await node.upload(LONG)

    answers = await node.download(media.media_id, offset=offset)

    assert answers[0].media == media
    assert b"".join([answer.data for answer in answers]) == LONG[offset:]


async def test_an_offset_beyond_the_end_is_out_of_range(node: MediaNode) -> None:
    media = await node.upload(PDF)

    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await node.download(media.media_id, offset=len(PDF) + 1)

    error = error_of(failed.value)
    assert (error.code, error.reason) == (Code.OUT_OF_RANGE, MediaReason.WRONG_OFFSET)
    assert error.metadata == {"expected_offset": str(len(PDF))}


async def test_a_thumbnail_is_a_webp(node: MediaNode) -> None:
    media = await node.upload(a_png(900, 300))

    answers = await node.download(media.media_id, variant=pb.MediaVariant.MEDIA_VARIANT_THUMBNAIL)

    thumbnail = opened(b"".join([answer.data for answer in answers]))
    assert (thumbnail.format, thumbnail.size) == ("WEBP", (480, 160))


async def test_a_document_has_no_thumbnail(node: MediaNode) -> None:
    media = await node.upload(PDF)

    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await node.download(media.media_id, variant=pb.MediaVariant.MEDIA_VARIANT_THUMBNAIL)

    assert error_of(failed.value).reason == MediaReason.MEDIA_NOT_FOUND

"""Download: a file's bytes over a stream."""

import grpc
import pytest
from chatly.media.v1 import media_service_pb2 as pb

from kernel.errors import Code
from services.media.errors import MediaReason
from tests.rpc.media.house import House, refusal
from tests.unit.media.samples import PDF, a_png, opened

LONG = b"0123456789abcdef" * 40_000


async def test_the_first_answer_describes_the_file_and_none_is_too_long(house: House) -> None:
    media = await house.upload(LONG)

    answers = await house.download(media.media_id)

    assert [answer.HasField("media") for answer in answers] == [True] + [False] * (len(answers) - 1)
    assert answers[0].media == media
    assert max(len(answer.data) for answer in answers) <= 256 * 1024
    assert b"".join([answer.data for answer in answers]) == LONG


@pytest.mark.parametrize("offset", [1, 300_000, len(LONG) - 1, len(LONG)])
async def test_a_download_goes_on_from_any_place(house: House, offset: int) -> None:
    media = await house.upload(LONG)

    answers = await house.download(media.media_id, offset=offset)

    assert answers[0].media == media
    assert b"".join([answer.data for answer in answers]) == LONG[offset:]


async def test_an_offset_behind_the_end_is_out_of_range(house: House) -> None:
    media = await house.upload(PDF)

    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await house.download(media.media_id, offset=len(PDF) + 1)

    error = refusal(failed.value)
    assert (error.code, error.reason) == (Code.OUT_OF_RANGE, MediaReason.WRONG_OFFSET)
    assert error.metadata == {"expected_offset": str(len(PDF))}


async def test_a_thumbnail_is_a_webp(house: House) -> None:
    media = await house.upload(a_png(900, 300))

    answers = await house.download(media.media_id, variant=pb.MediaVariant.MEDIA_VARIANT_THUMBNAIL)

    thumbnail = opened(b"".join([answer.data for answer in answers]))
    assert (thumbnail.format, thumbnail.size) == ("WEBP", (480, 160))


async def test_a_document_has_no_thumbnail(house: House) -> None:
    media = await house.upload(PDF)

    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await house.download(media.media_id, variant=pb.MediaVariant.MEDIA_VARIANT_THUMBNAIL)

    assert refusal(failed.value).reason == MediaReason.MEDIA_NOT_FOUND

"""Who gets a file, and that it goes with its message."""

import grpc
import pytest
from chatly.media.v1 import media_service_pb2 as pb

from kernel.errors import KernelReason
from services.media.errors import MediaReason
from tests.builders import an_id
from tests.rpc.media.house import ANN, BOB, CHAT, EVE, House, refusal
from tests.unit.media.builders import a_direct_chat
from tests.unit.media.samples import PDF, a_png
from tests.waiting import eventually


async def refused(house: House, media_id: str, *, reader: str) -> set[str]:
    """Why each of the three calls refuses."""
    reasons = set()
    calls = (
        house.rpc.GetMedia(pb.GetMediaRequest(media_id=media_id), metadata=house.by(reader)),
        house.rpc.GetDownloadUrl(pb.GetDownloadUrlRequest(media_id=media_id), metadata=house.by(reader)),
        house.download(media_id, reader=reader),
    )
    for call in calls:
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await call
        reasons.add(refusal(failed.value).reason)
    return reasons


async def test_the_one_it_was_sent_to_gets_it_at_once_and_strangers_never(house: House) -> None:
    media = await house.upload(PDF)
    await house.send(media.media_id, chat_id=CHAT)

    assert await house.get(media.media_id, reader=BOB) == media
    assert await refused(house, media.media_id, reader=EVE) == {MediaReason.MEDIA_FORBIDDEN}


async def test_a_file_that_was_not_sent_is_only_its_owners(house: House) -> None:
    media = await house.upload(PDF)

    assert await house.get(media.media_id, reader=ANN) == media
    assert await refused(house, media.media_id, reader=BOB) == {MediaReason.MEDIA_FORBIDDEN}


async def test_a_file_that_does_not_exist_is_not_found(house: House) -> None:
    assert await refused(house, an_id(), reader=ANN) == {MediaReason.MEDIA_NOT_FOUND}


async def test_members_of_a_group_get_it_and_strangers_do_not(house: House) -> None:
    group = an_id()
    house.groups.members[group] = {ANN, BOB}
    media = await house.upload(PDF)
    await house.send(media.media_id, chat_id=group)

    assert await house.get(media.media_id, reader=BOB) == media
    assert await refused(house, media.media_id, reader=EVE) == {MediaReason.MEDIA_FORBIDDEN}


async def test_while_nobody_can_say_who_is_in_a_group_the_answer_is_not_yet(house: House) -> None:
    group = an_id()
    house.groups.members[group] = {ANN, BOB}
    media = await house.upload(PDF)
    await house.send(media.media_id, chat_id=group)
    await house.send(media.media_id, chat_id=CHAT)
    house.groups.away = True

    assert await refused(house, media.media_id, reader=EVE) == {KernelReason.SERVICE_UNAVAILABLE}
    assert await house.get(media.media_id, reader=BOB) == media


async def test_sending_it_again_elsewhere_adds_a_chat(house: House) -> None:
    media = await house.upload(PDF)
    await house.send(media.media_id, chat_id=CHAT)
    await house.send(media.media_id, chat_id=a_direct_chat(ANN, EVE))

    assert await house.get(media.media_id, reader=EVE) == media


async def test_an_avatar_is_for_everybody(house: House) -> None:
    media = await house.upload(a_png(), purpose=pb.MediaPurpose.MEDIA_PURPOSE_AVATAR)

    assert await house.get(media.media_id, reader=EVE) == media


async def test_a_file_goes_with_the_last_message_that_has_it(house: House) -> None:
    media = await house.upload(a_png())
    first = await house.send(media.media_id, chat_id=CHAT)
    last = await house.send(media.media_id, chat_id=CHAT)

    await house.delete_for_everyone(first, chat_id=CHAT)
    assert await house.get(media.media_id, reader=BOB) == media
    await house.delete_for_everyone(last, chat_id=CHAT)

    await eventually(lambda: house.kept_files() == [])
    assert await refused(house, media.media_id, reader=ANN) == {MediaReason.MEDIA_NOT_FOUND}

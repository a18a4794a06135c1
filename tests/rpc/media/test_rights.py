"""Access to files, and deletion with their messages."""

import grpc
import pytest
from chatly.media.v1 import media_service_pb2 as pb

from kernel.errors import KernelReason
from services.media.errors import MediaReason
from tests.builders import an_id
from tests.rpc.media.harness import ANN, BOB, CHAT, EVE, MediaNode, error_of
from tests.unit.media.builders import a_direct_chat
from tests.unit.media.samples import PDF, a_png
from tests.waiting import eventually


async def reasons_of(node: MediaNode, media_id: str, *, reader: str) -> set[str]:
    """Return the reasons with which the three calls fail."""
    reasons = set()
    calls = (
        node.rpc.GetMedia(pb.GetMediaRequest(media_id=media_id), metadata=node.by(reader)),
        node.rpc.GetDownloadUrl(pb.GetDownloadUrlRequest(media_id=media_id), metadata=node.by(reader)),
        node.download(media_id, reader=reader),
    )
    for call in calls:
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await call
        reasons.add(error_of(failed.value).reason)
    return reasons


async def test_the_recipient_gets_a_file_at_once_and_strangers_do_not(node: MediaNode) -> None:
    media = await node.upload(PDF)
    await node.send(media.media_id, chat_id=CHAT)

    assert await node.get(media.media_id, reader=BOB) == media
    assert await reasons_of(node, media.media_id, reader=EVE) == {MediaReason.MEDIA_FORBIDDEN}


async def test_an_unsent_file_is_visible_only_to_its_owner(node: MediaNode) -> None:
    media = await node.upload(PDF)

    assert await node.get(media.media_id, reader=ANN) == media
    assert await reasons_of(node, media.media_id, reader=BOB) == {MediaReason.MEDIA_FORBIDDEN}


async def test_a_file_that_does_not_exist_is_not_found(node: MediaNode) -> None:
    assert await reasons_of(node, an_id(), reader=ANN) == {MediaReason.MEDIA_NOT_FOUND}


async def test_group_members_get_a_file_and_strangers_do_not(node: MediaNode) -> None:
    group = an_id()
    node.groups.members[group] = {ANN, BOB}
    media = await node.upload(PDF)
    await node.send(media.media_id, chat_id=group)

    assert await node.get(media.media_id, reader=BOB) == media
    assert await reasons_of(node, media.media_id, reader=EVE) == {MediaReason.MEDIA_FORBIDDEN}


async def test_members_get_a_file_only_through_a_message_that_they_may_see(node: MediaNode) -> None:
    group = an_id()
    node.groups.members[group] = {ANN, BOB, EVE}
    media = await node.upload(PDF)
    first = await node.send(media.media_id, chat_id=group)
    last = await node.send(media.media_id, chat_id=group)
    node.groups.hidden = {(BOB, last), (EVE, first), (EVE, last)}

    assert await node.get(media.media_id, reader=BOB) == media
    assert await reasons_of(node, media.media_id, reader=EVE) == {MediaReason.MEDIA_FORBIDDEN}


async def test_while_messaging_is_unavailable_group_files_are_unavailable(node: MediaNode) -> None:
    group = an_id()
    node.groups.members[group] = {ANN, BOB}
    media = await node.upload(PDF)
    await node.send(media.media_id, chat_id=group)
    await node.send(media.media_id, chat_id=CHAT)
    node.groups.unavailable = True

    assert await reasons_of(node, media.media_id, reader=EVE) == {KernelReason.SERVICE_UNAVAILABLE}
    assert await node.get(media.media_id, reader=BOB) == media


async def test_sending_a_file_to_another_chat_adds_its_members(node: MediaNode) -> None:
    media = await node.upload(PDF)
    await node.send(media.media_id, chat_id=CHAT)
    await node.send(media.media_id, chat_id=a_direct_chat(ANN, EVE))

    assert await node.get(media.media_id, reader=EVE) == media


async def test_avatars_are_visible_to_everyone(node: MediaNode) -> None:
    media = await node.upload(a_png(), purpose=pb.MediaPurpose.MEDIA_PURPOSE_AVATAR)

    assert await node.get(media.media_id, reader=EVE) == media


async def test_a_file_is_deleted_with_its_last_message(node: MediaNode) -> None:
    media = await node.upload(a_png())
    first = await node.send(media.media_id, chat_id=CHAT)
    last = await node.send(media.media_id, chat_id=CHAT)

    await node.delete_for_everyone(first, chat_id=CHAT)
    assert await node.get(media.media_id, reader=BOB) == media
    await node.delete_for_everyone(last, chat_id=CHAT)

    await eventually(lambda: node.kept_files() == [])
    assert await reasons_of(node, media.media_id, reader=ANN) == {MediaReason.MEDIA_NOT_FOUND}


async def test_a_file_stays_while_the_deletion_of_its_message_is_not_stored(node: MediaNode) -> None:
    media = await node.upload(a_png())
    message = await node.send(media.media_id, chat_id=CHAT)
    await node.delete_for_everyone(message, chat_id=CHAT, stored=False)
    follow_up = await node.send((await node.upload(PDF)).media_id, chat_id=CHAT)
    await node.delete_for_everyone(follow_up, chat_id=CHAT)
    await eventually(lambda: len(node.kept_files()) == 2)
    assert await node.get(media.media_id, reader=BOB) == media

    node.groups.deleted.add(message)

    await eventually(lambda: node.kept_files() == [])

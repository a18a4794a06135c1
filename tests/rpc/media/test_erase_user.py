"""EraseUser: what a deleted account leaves on disk."""

import hashlib
from pathlib import Path

from chatly.event.v1 import event_pb2
from chatly.media.v1 import media_service_pb2 as pb

from tests.builders import an_id
from tests.rpc.media.harness import ANN, BOB, CHAT, MediaNode, running_media
from tests.unit.media.samples import PDF, a_jpeg, a_png

FILE_NAME = "ann-on-the-beach.jpg"


async def bytes_of(node: MediaNode, media: pb.Media) -> bytes:
    responses = await node.download(media.media_id, reader=media.owner_id)
    return b"".join(response.data for response in responses)


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


async def a_picture(node: MediaNode, data: bytes, *, owner: str = ANN) -> pb.Media:
    return await node.upload(data, owner=owner, file_name=FILE_NAME, purpose=pb.MEDIA_PURPOSE_AVATAR)


async def erase(node: MediaNode, user_id: str) -> None:
    await node.rpc.EraseUser(pb.EraseUserRequest(user_id=user_id), metadata=node.served.as_service())


async def test_nothing_of_a_users_pictures_is_left_on_disk(node: MediaNode) -> None:
    replaced, current = await a_picture(node, a_png()), await a_picture(node, a_jpeg())
    planted = [await bytes_of(node, media) for media in (replaced, current)]
    planted += [FILE_NAME.encode(), hashlib.sha256(planted[0]).hexdigest().encode()]
    assert all(part in everything_in(node.data_dir) for part in planted)

    await erase(node, ANN)
    await erase(node, ANN)

    found = everything_in(node.data_dir)
    assert [part[:40] for part in planted if part in found] == []
    assert node.kept_files() == []


async def test_pictures_of_groups_and_files_in_messages_stay(node: MediaNode) -> None:
    of_group, sent = await a_picture(node, a_png()), await node.upload(PDF)
    of_bob = await a_picture(node, a_jpeg(), owner=BOB)
    await node.send(sent.media_id, chat_id=CHAT)
    created = event_pb2.GroupCreated(title="us", avatar_media_id=of_group.media_id)
    event = event_pb2.ChatEvent(event_id=bytes(16), chat_id=an_id(), actor_id=ANN, group_created=created)
    await node.log.append(event.chat_id, event.SerializeToString())

    # It waits until the record of the group is read.
    await erase(node, ANN)

    for media in (of_group, of_bob):
        assert (await node.get(media.media_id, reader=BOB)).media_id == media.media_id
    assert (await node.get(sent.media_id, reader=BOB)).media_id == sent.media_id


async def test_a_log_that_is_not_read_delays_the_erasure_only_briefly(tmp_path: Path) -> None:
    async with running_media(tmp_path, loops=False) as node:
        await a_picture(node, a_png())
        await node.send(an_id(), chat_id=CHAT)

        await erase(node, ANN)

        assert node.kept_files() == []

"""A mesh whose log is lost, or replaced by an older copy, keeps every message that it acknowledges afterwards."""

import shutil
from pathlib import Path
from uuid import uuid4

import grpc
from chatly.messaging.v1 import messaging_service_pb2 as pb
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from tests.e2e.mesh import Mesh, running_mesh
from tests.e2e.people import Person, somebody
from tests.waiting import eventually


async def test_a_mesh_that_lost_its_log_keeps_what_it_acknowledges(tmp_path: Path) -> None:
    async with running_mesh(tmp_path) as mesh:
        ann, bob = await somebody(mesh, "ann"), await somebody(mesh, "bob")
        sent = await _send(mesh, ann, bob, 5)
        await _stored(mesh, ann, bob, sent)
        await mesh.stop()
        _remove_log(mesh)
        await mesh.start()

        sent += await _send(mesh, ann, bob, 5)

        await _stored(mesh, ann, bob, sent)


async def test_a_mesh_with_an_older_log_keeps_what_it_acknowledges(tmp_path: Path) -> None:
    async with running_mesh(tmp_path) as mesh:
        ann, bob = await somebody(mesh, "ann"), await somebody(mesh, "bob")
        sent = await _send(mesh, ann, bob, 3)
        await mesh.stop()
        shutil.copytree(mesh.data_dir, tmp_path / "copy")
        await mesh.start()
        sent += await _send(mesh, ann, bob, 5)
        await _stored(mesh, ann, bob, sent)
        await mesh.stop()
        _remove_log(mesh)
        for path in (tmp_path / "copy").glob("log.db*"):
            shutil.copy(path, mesh.data_dir)
        await mesh.start()

        sent += await _send(mesh, ann, bob, 7)

        await _stored(mesh, ann, bob, sent)


def _remove_log(mesh: Mesh) -> None:
    for path in mesh.data_dir.glob("log.db*"):
        path.unlink()


async def _send(mesh: Mesh, sender: Person, receiver: Person, count: int) -> list[str]:
    """Send messages, and return their texts once they are acknowledged."""
    texts = [f"message {uuid4()}" for _ in range(count)]
    async with grpc.aio.insecure_channel(mesh.edge) as channel:
        for text in texts:
            await MessagingServiceStub(channel).SendMessage(
                pb.SendMessageRequest(user_id=receiver.user_id, client_message_id=str(uuid4()), text=text),
                metadata=sender.metadata,
            )
    return texts


async def _stored(mesh: Mesh, viewer: Person, other: Person, texts: list[str]) -> None:
    """Wait until exactly these messages are stored: in this order, with dense `seq`."""

    async def is_stored() -> bool:
        async with grpc.aio.insecure_channel(mesh.edge) as channel:
            page = await MessagingServiceStub(channel).ListMessages(
                pb.ListMessagesRequest(user_id=other.user_id, page_size=100), metadata=viewer.metadata
            )
        messages = sorted(page.messages, key=lambda message: message.seq)
        expected = list(zip(range(1, len(texts) + 1), texts, strict=True))
        return [(message.seq, message.text) for message in messages] == expected

    await eventually(is_stored)

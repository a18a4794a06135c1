"""Once the retention time has passed, what was deleted for everyone is in no file of an embedded mesh."""

import asyncio
import sqlite3
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from uuid import uuid4

import grpc
import pytest
from chatly.messaging.v1 import messaging_service_pb2 as pb
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from tests.e2e.live.listener import listening
from tests.e2e.mesh import Mesh, running_mesh
from tests.e2e.people import Person, rest, somebody
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(180)
DAY = 24 * 3600


async def test_what_was_deleted_for_everyone_is_gone_after_the_retention_time(tmp_path: Path) -> None:
    secrets = [f"secret-{kind}-{uuid4()}" for kind in ("first", "edited", "file", "name")]
    async with running_mesh(tmp_path) as mesh:
        ann, bob = await somebody(mesh, "ann"), await somebody(mesh, "bob")
        async with grpc.aio.insecure_channel(mesh.edge) as channel, listening(channel, bob) as listener:
            await listener.until_caught_up()
            await _say_and_delete(mesh, ann, bob, channel, secrets)
        kept = f"kept-{uuid4()}"
        async with grpc.aio.insecure_channel(mesh.edge) as channel:
            await _send(MessagingServiceStub(channel), ann, bob, kept)
        await eventually(partial(_is_in, mesh, "history.db", kept), "all is stored")
        assert {"log.db"} <= await _places(mesh, secrets[0])

        await mesh.stop()
        _pass_days(mesh, 29)
        await mesh.start()
        assert {"log.db"} <= await _places(mesh, secrets[0])
        await mesh.stop()
        _pass_days(mesh, 2)
        await mesh.start()

        await eventually(partial(_is_in_no_file, mesh, secrets), "nothing is left", seconds=60)
        assert {"history.db"} <= await _places(mesh, kept)


async def _say_and_delete(mesh: Mesh, ann: Person, bob: Person, channel: grpc.aio.Channel, secrets: list[str]) -> None:
    """Send a message with a file, edit it, find it, and delete it for everyone."""
    first, edited, data, name = secrets
    stub = MessagingServiceStub(channel)
    async with rest(mesh) as client:
        file = {"file": (f"{name}.txt", (data + "\n") * 3)}
        uploaded = (await client.post("/api/upload/message", files=file, headers=ann.headers)).json()
    sent = await _send(stub, ann, bob, first, uploaded["media_id"])
    where = {"chat_id": ann.chat_with(bob), "message_id": sent}
    await stub.EditMessage(pb.EditMessageRequest(text=edited, **where), metadata=ann.metadata)
    await stub.SearchMessages(
        pb.SearchMessagesRequest(chat_id=where["chat_id"], query=edited[:12]), metadata=bob.metadata
    )
    await stub.DeleteMessage(
        pb.DeleteMessageRequest(scope=pb.DELETE_SCOPE_FOR_EVERYONE, **where), metadata=ann.metadata
    )


async def _send(stub: MessagingServiceStub, sender: Person, receiver: Person, text: str, *media_ids: str) -> str:
    answer = await stub.SendMessage(
        pb.SendMessageRequest(user_id=receiver.user_id, client_message_id=str(uuid4()), text=text, media_ids=media_ids),
        metadata=sender.metadata,
    )
    return answer.message.message_id


def _pass_days(mesh: Mesh, days: int) -> None:
    """Make all records of the log older. The mesh must be stopped."""
    with closing(sqlite3.connect(mesh.data_dir / "log.db")) as log, log:
        log.execute("UPDATE records SET appended_at = appended_at - ?", (days * DAY,))


async def _is_in(mesh: Mesh, file: str, text: str) -> bool:
    return file in await _places(mesh, text)


async def _is_in_no_file(mesh: Mesh, secrets: list[str]) -> bool:
    return not any([await _places(mesh, secret) for secret in secrets])


async def _places(mesh: Mesh, text: str) -> set[str]:
    """Return the names of the files that contain a text, in any encoding; a WAL counts as its database."""
    return await asyncio.to_thread(_search, mesh.data_dir, list(_encodings(text)))


def _search(folder: Path, forms: list[bytes]) -> set[str]:
    found = set()
    for path in folder.rglob("*"):
        if path.is_file() and any(form in path.read_bytes() for form in forms):
            found.add(path.name.removesuffix("-wal"))
    return found


def _encodings(text: str) -> Iterator[bytes]:
    plain = text.encode()
    yield from (plain, text.encode("utf-16-le"), text.encode("utf-16-be"), plain.hex().encode())
    # In base64, the encoding of a part depends on its offset modulo 3; the ends depend on what is around it.
    for shift in range(3):
        yield b64encode(b" " * shift + plain)[4:-4]

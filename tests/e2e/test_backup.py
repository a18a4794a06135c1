"""A mesh is backed up while people talk, and restored: nothing older than the backup is missing, and clients go on."""

import asyncio
from functools import partial
from pathlib import Path
from uuid import uuid4

import grpc
import httpx
import pytest
from chatly.messaging.v1 import messaging_service_pb2 as pb
from chatly.messaging.v1.message_pb2 import Message
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from kernel.runner import background
from tests.e2e.commands.chatly import chatly
from tests.e2e.live.listener import listening
from tests.e2e.mesh import Mesh, running_mesh
from tests.e2e.people import Person, log_in, rest, somebody
from tests.e2e.rest.talk import upload
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(180)


async def test_a_mesh_under_load_is_backed_up_and_restored(tmp_path: Path) -> None:
    async with running_mesh(tmp_path) as mesh:
        ann, bob = await somebody(mesh, "ann"), await somebody(mesh, "bob")
        sent: list[str] = []
        async with background({"talk": partial(_talk, mesh, ann, bob, sent)}):
            await eventually(lambda: len(sent) >= 20, "people talk")
            before = list(sent)
            made = await chatly(mesh.environ, "backup", str(tmp_path / "backup"))
            running = await chatly(mesh.environ, "verify")
        assert made.exit_code == 0, made.output
        assert (running.exit_code, "No faults." in running.output) == (0, True), running.output
        assert len(sent) > len(before)
        cursor = await _cursor(mesh, bob)
        late, renewed = await somebody(mesh, "late"), await _refresh(mesh, bob.refresh_token)
        assert renewed.status_code == 200

        refused = await chatly(mesh.environ, "restore", str(tmp_path / "backup"), "--replace")
        assert (refused.exit_code, "another Chatly is running" in refused.output) == (1, True)
        await mesh.stop()
        restored = await chatly(mesh.environ, "restore", str(tmp_path / "backup"), "--replace")
        assert restored.exit_code == 0, restored.output
        verified = await chatly(mesh.environ, "verify", "--read-files")
        assert verified.exit_code == 0, verified.output
        await mesh.start()

        # All logins from before have ended, also those that the backup does not know.
        for token in (ann.refresh_token, bob.refresh_token, renewed.json()["refresh_token"], late.refresh_token):
            assert (await _refresh(mesh, token)).status_code == 401
        assert await _status(mesh, late) == 401
        async with rest(mesh) as client:
            ann, bob = await log_in(client, ann.email), await log_in(client, bob.email)

        kept = await _texts(mesh, bob, ann)
        assert kept[: len(before)] == before
        assert kept == sent[: len(kept)]
        async with grpc.aio.insecure_channel(mesh.edge) as channel, listening(channel, bob, cursor) as listener:
            await listener.next("resync")
            more = f"more {uuid4()}"
            await _send(channel, ann, bob, more)
            assert (await listener.next("message_created")).message_created.text == more
        assert await _texts(mesh, bob, ann) == [*kept, more]
        await eventually(partial(_is_well, mesh), "doctor reports a healthy mesh", seconds=60)
        assert (await chatly(mesh.environ, "verify")).exit_code == 0


async def _talk(mesh: Mesh, ann: Person, bob: Person, sent: list[str]) -> None:
    """Send messages, every tenth with a file, and record the acknowledged ones."""
    async with grpc.aio.insecure_channel(mesh.edge) as channel, rest(mesh) as client:
        while True:
            text = f"message {uuid4()}"
            files = [(await upload(client, ann, "note.txt", text.encode()))["media_id"]] if len(sent) % 10 == 0 else []
            await _send(channel, ann, bob, text, *files)
            sent.append(text)
            await asyncio.sleep(0.01)


async def _send(channel: grpc.aio.Channel, sender: Person, receiver: Person, text: str, *files: str) -> None:
    request = pb.SendMessageRequest(
        user_id=receiver.user_id, client_message_id=str(uuid4()), text=text, media_ids=files
    )
    await MessagingServiceStub(channel).SendMessage(request, metadata=sender.metadata)


async def _texts(mesh: Mesh, viewer: Person, other: Person) -> list[str]:
    """Return the texts of all messages in order. Wait until `seq` of all is dense."""
    found: list[str] = []

    async def is_dense() -> bool:
        messages = await _messages(mesh, viewer, other)
        found[:] = [message.text for message in messages]
        return [message.seq for message in messages] == list(range(1, len(messages) + 1))

    await eventually(is_dense, "all messages are numbered")
    return found


async def _messages(mesh: Mesh, viewer: Person, other: Person) -> list[Message]:
    async with grpc.aio.insecure_channel(mesh.edge) as channel:
        stub, token = MessagingServiceStub(channel), ""
        found: list[Message] = []
        while True:
            request = pb.ListMessagesRequest(chat_id=viewer.chat_with(other), page_size=100, page_token=token)
            page = await stub.ListMessages(request, metadata=viewer.metadata)
            found.extend(page.messages)
            if not (token := page.next_page_token):
                return sorted(found, key=lambda message: message.seq)


async def _cursor(mesh: Mesh, person: Person) -> str:
    async with grpc.aio.insecure_channel(mesh.edge) as channel, listening(channel, person) as listener:
        await listener.until_caught_up()
        return listener.cursor


async def _refresh(mesh: Mesh, token: str) -> httpx.Response:
    async with rest(mesh) as client:
        return await client.post("/api/auth/refresh", json={"refresh_token": token})


async def _status(mesh: Mesh, person: Person) -> int:
    """Return the HTTP status of a call with a person's access token."""
    async with rest(mesh) as client:
        return (await client.get("/api/profile/me", headers=person.headers)).status_code


async def _is_well(mesh: Mesh) -> bool:
    return (await chatly(mesh.environ, "doctor")).exit_code == 0

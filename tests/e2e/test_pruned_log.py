"""Nobody needs records that retention has removed: cursors, restarts and numbering continue from the store."""

import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from uuid import uuid4

import grpc
import pytest
from chatly.messaging.v1 import messaging_service_pb2 as pb
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from tests.e2e.commands.chatly import chatly
from tests.e2e.live.listener import listening
from tests.e2e.mesh import Mesh, running_mesh
from tests.e2e.people import Person, somebody
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(180)


async def test_a_cursor_from_before_the_start_of_the_log_resumes_without_a_gap(tmp_path: Path) -> None:
    async with running_mesh(tmp_path) as mesh:
        ann, bob = await somebody(mesh, "ann"), await somebody(mesh, "bob")
        sent = await _send(mesh, ann, bob, 2)
        await eventually(partial(_are_stored, mesh, ann, bob, sent), "the first are stored")
        async with grpc.aio.insecure_channel(mesh.edge) as channel, listening(channel, bob) as before:
            await before.until_caught_up()
            cursor = before.cursor
        missed = await _send(mesh, ann, bob, 4)
        await eventually(partial(_are_stored, mesh, ann, bob, sent + missed), "all are stored")
        await mesh.stop()
        _prune(mesh)
        await mesh.start()
        missed += await _send(mesh, ann, bob, 2)

        async with grpc.aio.insecure_channel(mesh.edge) as channel, listening(channel, bob, cursor) as after:
            replayed = await after.until_caught_up()

        assert [event.message_created.text for event in replayed] == missed
        await eventually(partial(_are_stored, mesh, ann, bob, sent + missed), "the numbering continues")
        assert (await chatly(mesh.environ, "log", "status")).output.strip().endswith("Nothing is missing.")
        verified = await chatly(mesh.environ, "verify")
        assert verified.exit_code == 0, verified.output


def _prune(mesh: Mesh) -> None:
    """Remove all records but the last one of each partition, as retention does."""
    with closing(sqlite3.connect(mesh.data_dir / "log.db")) as log, log:
        removed = log.execute(
            "DELETE FROM records WHERE log_offset <"
            " (SELECT max(log_offset) FROM records AS last WHERE last.log_partition = records.log_partition)"
        )
        assert removed.rowcount >= 5


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


async def _are_stored(mesh: Mesh, viewer: Person, other: Person, texts: list[str]) -> bool:
    """Return whether exactly these messages are stored: in this order, with dense `seq`."""
    async with grpc.aio.insecure_channel(mesh.edge) as channel:
        page = await MessagingServiceStub(channel).ListMessages(
            pb.ListMessagesRequest(chat_id=viewer.chat_with(other), page_size=100), metadata=viewer.metadata
        )
    found = sorted((message.seq, message.text) for message in page.messages)
    return found == list(zip(range(1, len(texts) + 1), texts, strict=True))

"""A mesh whose log is lost, or replaced by an older copy, keeps every message that it acknowledges afterwards."""

import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

import grpc
import httpx
from chatly.messaging.v1 import messaging_service_pb2 as pb
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from kernel.blob.folder import stored_blobs
from tests.e2e.commands.chatly import chatly
from tests.e2e.live.listener import listening
from tests.e2e.mesh import Mesh, running_mesh
from tests.e2e.people import Person, rest, somebody
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
        doctor = await chatly(mesh.environ, "doctor")
        assert doctor.exit_code == 1
        assert "the log was replaced by another one" in doctor.output

        adopted = await chatly(mesh.environ, "log", "adopt")
        assert adopted.exit_code == 0
        assert "Accepted: epoch 1" in adopted.output
        await eventually(partial(_is_well, mesh), "doctor reports a healthy mesh", seconds=60)


async def test_records_that_were_removed_too_early_stop_the_persister_until_they_are_given_up(tmp_path: Path) -> None:
    async with running_mesh(tmp_path) as mesh:
        ann, bob = await somebody(mesh, "ann"), await somebody(mesh, "bob")
        await _stored(mesh, ann, bob, await _send(mesh, ann, bob, 3))
        await mesh.stop()
        for path in mesh.data_dir.glob("history.db*"):
            path.unlink()
        with closing(sqlite3.connect(mesh.data_dir / "log.db")) as log, log:
            log.execute("DELETE FROM records WHERE log_offset < 2")
        await mesh.start()
        sent = await _send(mesh, ann, bob, 4)

        status = await chatly(mesh.environ, "log", "status")
        assert (status.exit_code, "removed before it was stored: 2 records" in status.output) == (1, True)
        doctor = await chatly(mesh.environ, "doctor")
        assert "2 records" in doctor.output
        await eventually(partial(_persister_waits, mesh), "the persister reports the gap", seconds=60)

        assert (await chatly(mesh.environ, "log", "adopt")).exit_code == 0
        await eventually(partial(_are_numbered, mesh, ann, bob, sent), "all are stored", seconds=60)


async def test_a_subscription_from_before_the_loss_resumes_without_a_gap(tmp_path: Path) -> None:
    async with running_mesh(tmp_path) as mesh:
        ann, bob = await somebody(mesh, "ann"), await somebody(mesh, "bob")
        sent = await _send(mesh, ann, bob, 2)
        await _stored(mesh, ann, bob, sent)
        async with grpc.aio.insecure_channel(mesh.edge) as channel, listening(channel, bob) as before:
            await before.until_caught_up()
            cursor = before.cursor
        missed = await _send(mesh, ann, bob, 3)
        await _stored(mesh, ann, bob, sent + missed)
        await mesh.stop()
        _remove_log(mesh)
        await mesh.start()
        missed += await _send(mesh, ann, bob, 3)

        async with grpc.aio.insecure_channel(mesh.edge) as channel, listening(channel, bob, cursor) as after:
            replayed = await after.until_caught_up()
            (live,) = await _send(mesh, ann, bob, 1)
            arrived = await after.next("message_created")

        assert [event.message_created.text for event in replayed] == missed
        assert arrived.message_created.text == live


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


async def test_after_a_restore_of_everything_a_later_cursor_gets_resync(tmp_path: Path) -> None:
    async with running_mesh(tmp_path) as mesh:
        ann, bob = await somebody(mesh, "ann"), await somebody(mesh, "bob")
        sent = await _send(mesh, ann, bob, 3)
        await _stored(mesh, ann, bob, sent)
        await mesh.stop()
        shutil.copytree(mesh.data_dir, tmp_path / "copy")
        await mesh.start()
        lost = await _send(mesh, ann, bob, 5)
        await _stored(mesh, ann, bob, sent + lost)
        async with grpc.aio.insecure_channel(mesh.edge) as channel, listening(channel, bob) as before:
            await before.until_caught_up()
            cursor = before.cursor
        await mesh.stop()
        shutil.rmtree(mesh.data_dir)
        shutil.copytree(tmp_path / "copy", mesh.data_dir)

        restored = await chatly(mesh.environ, "log", "restored")
        await mesh.start()
        sent += await _send(mesh, ann, bob, 6)

        assert (restored.exit_code, "Begun: epoch 1" in restored.output) == (0, True)
        await _stored(mesh, ann, bob, sent)
        async with grpc.aio.insecure_channel(mesh.edge) as channel, listening(channel, bob, cursor) as after:
            await after.next("resync")
        await eventually(partial(_is_well, mesh), "doctor reports a healthy mesh", seconds=60)


async def _is_well(mesh: Mesh) -> bool:
    return (await chatly(mesh.environ, "doctor")).exit_code == 0


async def _persister_waits(mesh: Mesh) -> bool:
    async with httpx.AsyncClient() as client:
        health = await client.get(f"http://{mesh.http['persister']}/healthz")
    return health.status_code == 503 and "2 records of partition" in health.text


async def _are_numbered(mesh: Mesh, viewer: Person, other: Person, texts: list[str]) -> bool:
    """Return whether the last messages are these, and all messages are numbered without a hole."""
    messages = await _messages(mesh, viewer, other)
    dense = [seq for seq, _ in messages] == list(range(1, len(messages) + 1))
    return dense and [text for _, text in messages][-len(texts) :] == texts


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
        expected = list(zip(range(1, len(texts) + 1), texts, strict=True))
        return await _messages(mesh, viewer, other) == expected

    await eventually(is_stored)


async def _messages(mesh: Mesh, viewer: Person, other: Person) -> list[tuple[int, str]]:
    """Return `seq` and text of all messages, in the order of `seq`."""
    async with grpc.aio.insecure_channel(mesh.edge) as channel:
        page = await MessagingServiceStub(channel).ListMessages(
            pb.ListMessagesRequest(chat_id=viewer.chat_with(other), page_size=100), metadata=viewer.metadata
        )
    return sorted((message.seq, message.text) for message in page.messages)


async def test_the_file_of_a_message_goes_even_if_the_log_lost_the_deletion_before_media_read_it(
    tmp_path: Path,
) -> None:
    async with running_mesh(tmp_path) as mesh:
        ann, bob = await somebody(mesh, "ann"), await somebody(mesh, "bob")
        gone, kept = [await _send_file(mesh, ann, bob) for _ in range(2)]
        await eventually(partial(_can_download, mesh, bob, gone), "media has read the log")
        await eventually(partial(_can_download, mesh, bob, kept), "media has read the log")
        await mesh.stop()
        before = ["media", "media.db", "log.db"]
        _copy(mesh.data_dir, tmp_path / "copy", before)
        await mesh.start()
        await _delete(mesh, ann, bob, gone)
        await eventually(partial(_is_purged, mesh, gone), "media has deleted the file")
        await mesh.stop()
        _copy(tmp_path / "copy", mesh.data_dir, before)
        assert not _is_purged(mesh, gone)
        await mesh.start()

        await eventually(partial(_is_purged, mesh, gone), "media has deleted the file again", seconds=30)
        assert await _can_download(mesh, bob, kept)


async def test_a_file_stays_readable_if_the_log_lost_its_message_before_media_read_it(tmp_path: Path) -> None:
    async with running_mesh(tmp_path, CHATLY_MEDIA_COLLECT_SECONDS="1") as mesh:
        ann, bob = await somebody(mesh, "ann"), await somebody(mesh, "bob")
        await mesh.stop()
        _copy(mesh.data_dir, tmp_path / "copy", ["log.db"])
        await mesh.start()
        kept, deleted = [await _send_file(mesh, ann, bob) for _ in range(2)]
        await _delete(mesh, ann, bob, deleted)
        await eventually(partial(_is_purged, mesh, deleted), "media has deleted the file")
        await mesh.stop()
        _copy(tmp_path / "copy", mesh.data_dir, ["log.db"])
        _forget_sends(mesh, age=timedelta(days=8))
        await mesh.start()

        await eventually(partial(_can_download, mesh, bob, kept), "media knows that the file was sent", seconds=60)
        unsent = await _upload(mesh, ann)
        _forget_sends(mesh, age=timedelta(days=8), sent=False)
        await eventually(partial(_is_purged, mesh, ("", unsent)), "unsent files are collected", seconds=60)
        assert await _can_download(mesh, bob, kept)
        assert not await _can_download(mesh, bob, deleted)


async def _send_file(mesh: Mesh, sender: Person, receiver: Person) -> tuple[str, str]:
    """Send a message with a file. Return the ids of the message and the file."""
    media_id = await _upload(mesh, sender)
    async with grpc.aio.insecure_channel(mesh.edge) as channel:
        sent = await MessagingServiceStub(channel).SendMessage(
            pb.SendMessageRequest(user_id=receiver.user_id, client_message_id=str(uuid4()), media_ids=[media_id]),
            metadata=sender.metadata,
        )
    return sent.message.message_id, media_id


async def _upload(mesh: Mesh, owner: Person) -> str:
    async with rest(mesh) as client:
        file = {"file": ("note.txt", f"note {uuid4()}")}
        uploaded: str = (await client.post("/api/upload/message", files=file, headers=owner.headers)).json()["media_id"]
    return uploaded


def _forget_sends(mesh: Mesh, *, age: timedelta, sent: bool = True) -> None:
    """Let all files be as old as this. With `sent`, also remove the sends, as if media had not read their records."""
    with closing(sqlite3.connect(mesh.data_dir / "media.db")) as media, media:
        if sent:
            media.execute("DELETE FROM sent_files")
        media.execute("UPDATE media SET created_at = created_at - ?", (age // timedelta(microseconds=1),))


async def _delete(mesh: Mesh, sender: Person, receiver: Person, message: tuple[str, str]) -> None:
    async with grpc.aio.insecure_channel(mesh.edge) as channel:
        await MessagingServiceStub(channel).DeleteMessage(
            pb.DeleteMessageRequest(
                chat_id=sender.chat_with(receiver), message_id=message[0], scope=pb.DELETE_SCOPE_FOR_EVERYONE
            ),
            metadata=sender.metadata,
        )


async def _can_download(mesh: Mesh, reader: Person, message: tuple[str, str]) -> bool:
    async with rest(mesh) as client:
        return (await client.get(f"/api/uploads/{message[1]}", headers=reader.headers)).status_code == 200


def _is_purged(mesh: Mesh, message: tuple[str, str]) -> bool:
    names = [name for name, _ in stored_blobs(mesh.data_dir / "media" / "blobs")]
    return not any(name.startswith(message[1]) for name in names)


def _copy(source: Path, target: Path, names: list[str]) -> None:
    """Replace files and folders of the target by those of the source, databases with their WAL."""
    target.mkdir(exist_ok=True)
    for name in names:
        for old in target.glob(f"{name}*"):
            if old.name == name or old.name.startswith(f"{name}-"):
                shutil.rmtree(old) if old.is_dir() else old.unlink()
        for path in source.glob(f"{name}*"):
            if path.is_dir() and path.name == name:
                shutil.copytree(path, target / path.name)
            elif path.is_file() and (path.name == name or path.name.startswith(f"{name}-")):
                shutil.copy(path, target)

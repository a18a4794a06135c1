"""GET /api/export: the calling user's own data as a ZIP archive."""

import io
import json
import os
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from chatly.messaging.v1.messaging_service_pb2 import OwnReaction

from kernel.errors import KernelReason
from tests.builders import an_id
from tests.rpc.media.harness import ANN, BOB, EVE
from tests.rpc.media.own_data import ExportNode, exporting_media
from tests.unit.media.samples import PDF
from tests.waiting import eventually


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[ExportNode]:
    async with exporting_media(tmp_path) as running:
        yield running


async def export(node: ExportNode, user_id: str = ANN) -> zipfile.ZipFile:
    answer = await node.http.get("/api/export", headers=node.header(user_id))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].startswith('attachment; filename="chatly-data-')
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    return archive


def lines(archive: zipfile.ZipFile, name: str) -> list[Any]:
    return [json.loads(line) for line in archive.read(name).splitlines()]


def reason(answer: httpx.Response) -> str:
    return str(answer.json()["details"][0]["reason"])


async def test_the_archive_has_everything_of_the_user_and_nothing_of_others(node: ExportNode) -> None:
    own = await node.upload(PDF, file_name='tea<pot>: "1".pdf')
    of_bob = await node.upload(b"words of bob", owner=BOB, file_name="bob.txt")
    for number in range(5):
        node.peers.sent(f"own {number}")
    node.peers.sent("with a file", own, of_bob)
    node.peers.sent("of another user", of_bob, sender=BOB)

    archive = await export(node)

    assert archive.namelist()[-1] == "COMPLETE.txt"
    assert archive.read("COMPLETE.txt").startswith(b"Complete. 6 messages, 1 files")
    assert json.loads(archive.read("profile.json"))["username"] == f"name of {ANN}"
    assert json.loads(archive.read("sessions.json"))[0]["device_name"] == "a tablet"
    assert json.loads(archive.read("blocked_users.json")) == [{"user_id": "blocked", "username": "Mallory"}]
    assert json.loads(archive.read("presence.json"))[0]["status"]["text"] == "at the teapots"
    assert [chat["chat_id"] for chat in lines(archive, "chats.jsonl")] == ["chat"]
    assert {one["user_id"] for one in lines(archive, "people.jsonl")} == {ANN, BOB}
    assert all(set(one) == {"user_id", "username"} for one in lines(archive, "people.jsonl"))
    texts = [message["text"] for message in lines(archive, "messages.jsonl")]
    assert texts == [*(f"own {number}" for number in range(5)), "with a file"]
    (file,) = (name for name in archive.namelist() if name.startswith("files/"))
    assert file == f"files/{own} tea_pot__ _1_.pdf"
    assert archive.read(file) == PDF
    for name in archive.namelist():
        assert name in archive.read("README.txt").decode() or name == file
        assert b"words of" not in archive.read(name)


async def test_a_stranger_gets_only_their_own_data(node: ExportNode) -> None:
    node.peers.sent("secret of ann", await node.upload(PDF))

    archive = await export(node, EVE)

    assert lines(archive, "messages.jsonl") == []
    assert not [name for name in archive.namelist() if name.startswith("files/")]


async def test_a_valid_token_is_required(node: ExportNode) -> None:
    without = await node.http.get("/api/export")
    expired = await node.http.get("/api/export", headers=node.header(ANN, life=-1))

    assert (without.status_code, reason(without)) == (401, KernelReason.TOKEN_MISSING)
    assert (expired.status_code, reason(expired)) == (401, KernelReason.TOKEN_EXPIRED)


async def test_a_user_has_one_export_at_a_time_and_a_client_that_disconnects_stops_it(node: ExportNode) -> None:
    for _ in range(3):
        node.peers.sent("large", await node.upload(os.urandom(3_000_000).hex().encode()))
    async with node.http.stream("GET", "/api/export", headers=node.header(ANN)) as slow:
        assert slow.status_code == 200
        await anext(slow.aiter_raw())

        second = await node.http.get("/api/export", headers=node.header(ANN))
        assert (second.status_code, reason(second)) == (429, KernelReason.RATE_LIMITED)
        assert "retry-after" in second.headers
        await export(node, EVE)

    async def is_free() -> bool:
        async with node.http.stream("GET", "/api/export", headers=node.header(ANN)) as answer:
            return answer.status_code == 200

    await eventually(is_free)


async def test_an_export_that_fails_midway_is_visibly_incomplete(node: ExportNode) -> None:
    for number in range(6):
        node.peers.sent(f"own {number}")
    node.peers.fails_after = 2
    received = bytearray()

    async def receive() -> None:
        async with node.http.stream("GET", "/api/export", headers=node.header(ANN)) as answer:
            async for part in answer.aiter_raw():
                received.extend(part)

    with pytest.raises(httpx.RemoteProtocolError):
        await receive()

    assert received
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(received))
    node.peers.fails_after = None
    assert (await export(node)).namelist()[-1] == "COMPLETE.txt"


async def test_files_that_were_not_sent_are_in_the_archive(node: ExportNode) -> None:
    unsent = await node.upload(b"never sent", file_name="draft.txt")
    await node.upload(b"of bob", owner=BOB, file_name="bob.txt")

    archive = await export(node)

    assert [name for name in archive.namelist() if name.startswith("files/")] == [f"files/{unsent} draft.txt"]
    assert archive.read(f"files/{unsent} draft.txt") == b"never sent"


async def test_reactions_to_messages_of_others_are_in_the_archive(node: ExportNode) -> None:
    for user, emoji in ((ANN, "👍"), (ANN, "🎉"), (BOB, "😀")):
        reaction = OwnReaction(chat_id="chat", message_id="m", emoji=emoji)
        node.peers.reactions.setdefault(user, []).append(reaction)

    archive = await export(node)

    assert [each["emoji"] for each in lines(archive, "reactions.jsonl")] == ["👍", "🎉"]


async def test_an_export_outlives_its_token(node: ExportNode) -> None:
    for number in range(4):
        node.peers.sent(f"own {number}")
    node.peers.pause = 1.2

    answer = await node.http.get("/api/export", headers=node.header(ANN, life=2))

    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert len(lines(archive, "messages.jsonl")) == 4
    assert archive.namelist()[-1] == "COMPLETE.txt"
    assert set(node.peers.renewed) == {ANN}


async def test_the_end_of_the_session_stops_an_export(node: ExportNode) -> None:
    large = await node.upload(os.urandom(6_000_000).hex().encode())
    node.peers.sent("large", large)
    session = an_id()

    async def receive() -> None:
        headers = node.header(ANN, session_id=session)
        async with node.http.stream("GET", "/api/export", headers=headers) as answer:
            assert answer.status_code == 200
            async for _ in answer.aiter_raw():
                node.peers.mesh.keys.revoked.add(session)

    with pytest.raises(httpx.RemoteProtocolError):
        await receive()

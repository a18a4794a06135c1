"""Ctrl-C and the next start: streams are asked to reconnect, no data is lost, sessions continue."""

import json
from pathlib import Path

import grpc
from chatly.presence.v1 import presence_service_pb2 as presence
from chatly.presence.v1.presence_service_pb2_grpc import PresenceServiceStub

from tests.builders import an_id
from tests.e2e.live.listener import listening
from tests.e2e.mesh import running_mesh
from tests.e2e.people import people, rest
from tests.e2e.rest.talk import history, send, upload
from tests.unit.media.samples import PDF
from tests.waiting import eventually


async def test_streams_are_asked_to_reconnect_and_data_survives_a_restart(tmp_path: Path) -> None:
    async with running_mesh(tmp_path) as mesh:
        ann, bob = await people(mesh, "ann", "bob")
        async with rest(mesh) as client:
            media = await upload(client, ann, "paper.pdf", PDF)
            await send(client, ann, bob, "before", media_ids=[media["media_id"]])
        async with grpc.aio.insecure_channel(mesh.edge) as edge, listening(edge, bob) as of_bob:
            await of_bob.until_caught_up()
            online = PresenceServiceStub(edge).Connect(presence.ConnectRequest(), metadata=bob.metadata)
            exit_code = await mesh.stop()
            notice = await of_bob.next("reconnect")
            presences = [answer async for answer in online]
            cursor = of_bob.cursor

        await mesh.start()
        async with rest(mesh) as client:
            seen = await history(client, bob, ann)
            file = await client.get(media["url"], headers=bob.headers)
            await send(client, ann, bob, "after")
        async with grpc.aio.insecure_channel(mesh.edge) as edge, listening(edge, bob, cursor) as of_bob:
            missed = await of_bob.until_caught_up()

    assert exit_code == 0
    assert 0 <= notice.reconnect.delay_ms <= 10_000
    assert presences[-1].reconnect
    assert [(message["text"], message["seq"]) for message in seen] == [("before", "1")]
    assert file.content == PDF
    assert "after" in [event.message_created.text for event in missed]


async def test_every_request_is_in_the_access_log_by_its_id(tmp_path: Path) -> None:
    async with running_mesh(tmp_path) as mesh:
        async with rest(mesh) as client:
            answer = await client.get(f"/api/uploads/{an_id()}", params={"sig": "a-secret-signature", "exp": "1"})
        await mesh.stop()
        written = (mesh.data_dir / "edge" / "access.log").read_text()

    lines = [json.loads(line) for line in written.splitlines()]
    (line,) = [line for line in lines if line.get("request_id") == answer.headers["x-request-id"]]
    assert (line["method"], line["path"], line["status"]) == ("GET", answer.url.path, 403)
    assert line["duration_ms"] >= 0
    assert "a-secret-signature" not in written


async def test_the_access_log_is_rotated_without_losing_a_line(tmp_path: Path) -> None:
    async with running_mesh(tmp_path, CHATLY_EDGE_ACCESS_LOG_BYTES="100000", CHATLY_EDGE_ACCESS_LOG_DAYS="30") as mesh:
        folder = mesh.data_dir / "edge"
        async with rest(mesh) as client:
            first = await client.get("/healthz")
        await mesh.stop()
        with (folder / "access.log").open("a") as file:
            file.write("x" * 20_000 + "\n")
        await mesh.start()
        await eventually(lambda: any(folder.glob("access-*.log")), "the log is rotated")
        async with rest(mesh) as client:
            second = await client.get("/healthz")
        await mesh.stop()
        (part,) = folder.glob("access-*.log")
        written = (folder / "access.log").read_text()
        assert first.headers["x-request-id"] in part.read_text()
    assert second.headers["x-request-id"] in written

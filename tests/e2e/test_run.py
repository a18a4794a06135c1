"""`chatly run` at a terminal."""

import os
import re
import signal
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.e2e.mesh import EMBEDDED, Mesh, running_mesh
from tests.e2e.people import log_in, people, rest, somebody
from tests.e2e.rest.talk import send, upload
from tests.unit.media.samples import PDF
from tests.waiting import eventually


async def test_after_a_kill_the_same_data_is_served_again(tmp_path: Path) -> None:
    async with running_mesh(tmp_path) as mesh:
        ann = await somebody(mesh, "ann")

        mesh.kill()
        await mesh.start()

        async with rest(mesh) as client:
            assert (await log_in(client, ann.email)).user_id == ann.user_id


async def test_ctrl_c_drains_and_ends_with_success(tmp_path: Path) -> None:
    async with running_mesh(tmp_path) as mesh:
        assert await mesh.stop() == 0

        assert mesh.output().endswith("Stopped.\n")
        async with rest(mesh) as client:
            with pytest.raises(httpx.ConnectError):
                await client.get("/healthz")


async def test_other_users_of_the_machine_can_read_nothing(tmp_path: Path) -> None:
    """Neither what this start creates, nor what an earlier version left readable."""
    async with running_mesh(tmp_path) as mesh:
        async with rest(mesh) as client:
            ann, bob = await people(mesh, "ann", "bob")
            media = await upload(client, ann, "paper.pdf", PDF)
            await send(client, ann, bob, "private", media_ids=[media["media_id"]])
        await mesh.stop()
        assert open_to_others(mesh.data_dir) == []

        for path in (mesh.data_dir, *mesh.data_dir.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        await mesh.start()
        await mesh.stop()
        assert open_to_others(mesh.data_dir) == []


def open_to_others(folder: Path) -> list[Path]:
    return [path for path in (folder, *folder.rglob("*")) if path.stat().st_mode & 0o077]


@EMBEDDED
async def test_a_second_mesh_on_the_same_data_is_refused_in_one_line(mesh: Mesh, tmp_path: Path) -> None:
    second = Mesh(tmp_path, {"CHATLY_DATA_DIR": str(mesh.data_dir)})

    with pytest.raises(RuntimeError, match=r"another Chatly is running on .* set CHATLY_DATA_DIR to another folder"):
        await second.start()

    assert "Traceback" not in second.output()


@EMBEDDED
async def test_a_port_that_is_taken_is_named_with_its_setting(mesh: Mesh, tmp_path: Path) -> None:
    taken = mesh.grpc["auth"].rpartition(":")[2]
    second = Mesh(tmp_path, {"CHATLY_AUTH_GRPC_PORT": taken})

    with pytest.raises(RuntimeError, match=f"{taken}.* in use.*CHATLY_AUTH_GRPC_PORT"):
        await second.start()

    assert "Traceback" not in second.output()


async def test_envoy_is_restarted_when_it_dies(tmp_path: Path) -> None:
    async with running_mesh(tmp_path) as mesh:
        ann = await somebody(mesh, "ann")
        for _ in range(2):
            (killed,) = envoys_of(mesh)
            os.kill(killed, signal.SIGKILL)
            await eventually(lambda gone=killed: gone not in envoys_of(mesh), "Envoy has ended")
            async with rest(mesh) as client:
                await eventually(lambda client=client: is_healthy(client), "Envoy serves again")
                assert (await client.get("/api/auth/sessions", headers=ann.headers)).status_code == 200

        assert mesh.output().count("Envoy ended and is restarted") == 2
        assert await mesh.stop() == 0
        assert envoys_of(mesh) == []


def envoys_of(mesh: Mesh) -> list[int]:
    """Return the ids of the Envoys that are children of the mesh and have not ended."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            name, state, parent = re.findall(r"\((.*)\) (.) (\d+)", (folder / "stat").read_text())[0]
            if name == "envoy" and state != "Z" and int(parent) == mesh.pid:
                found.append(int(folder.name))
    return found


async def is_healthy(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/healthz")).status_code == 200
    except httpx.TransportError:
        return False

"""Two meshes on one machine: the second one needs a data folder and the edge's two ports, and nothing else."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from mesh.services import SERVICES
from tests.e2e.commands.chatly import CHATLY, chatly
from tests.e2e.mesh import HOST
from tests.ports import free_ports
from tests.waiting import eventually


def settings(folder: Path, **others: str) -> dict[str, str]:
    free = free_ports()
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("CHATLY_", "OTEL_"))}
    return {
        **ours,
        "CHATLY_DATA_DIR": str(folder),
        "CHATLY_EDGE_PORT": str(next(free)),
        "CHATLY_EDGE_TLS_PORT": str(next(free)),
        **others,
    }


@asynccontextmanager
async def running(environ: Mapping[str, str], log: Path) -> AsyncIterator[None]:
    """`chatly run` with these settings, ready."""
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(CHATLY, "run", env=dict(environ), stdout=output, stderr=output)

    def ready() -> bool:
        assert process.returncode is None, log.read_text()
        return "Chatly is ready at" in log.read_text()

    try:
        await eventually(ready, "the mesh is ready", seconds=60)
        yield
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
            await process.wait()
    assert process.returncode == 0


def addresses(folder: Path) -> dict[str, object]:
    return dict(json.loads((folder / "mesh.json").read_text()))


@pytest.mark.timeout(180)
async def test_two_meshes_run_beside_each_other(tmp_path: Path) -> None:
    one, two = settings(tmp_path / "one"), settings(tmp_path / "two")
    async with running(one, tmp_path / "one.log"), running(two, tmp_path / "two.log"):
        ports = [address.rpartition(":")[2] for each in ("one", "two") for address in _flat(addresses(tmp_path / each))]
        doctors = [await chatly(environ, "doctor") for environ in (one, two)]
        here = await chatly(two, "seed-demo")
        there = await chatly(one, "seed-demo", "--address", f"{HOST}:{two['CHATLY_EDGE_PORT']}")
        logins = [await _log_in(environ) for environ in (one, two)]

    assert len(ports) == len(set(ports)) == 2 * (4 + 2 * len(SERVICES))
    for doctor in doctors:
        assert doctor.exit_code == 0, doctor.output
    for seeded in (here, there):
        assert seeded.exit_code == 0, seeded.output
        assert f"{HOST}:{two['CHATLY_EDGE_PORT']}" in seeded.output.splitlines()[0]
    assert logins == [401, 200]
    for each in ("one", "two"):
        assert not (tmp_path / each / "mesh.json").exists()


def _flat(value: object) -> list[str]:
    if isinstance(value, dict):
        return [address for part in value.values() for address in _flat(part)]
    return [value] if isinstance(value, str) else []


async def _log_in(environ: Mapping[str, str]) -> int:
    async with httpx.AsyncClient(base_url=f"http://{HOST}:{environ['CHATLY_EDGE_PORT']}") as client:
        account = {"email": "maya@demo.example", "password": "chatly-demo"}
        return (await client.post("/api/auth/login", json=account)).status_code


@pytest.mark.parametrize(
    "setting",
    [
        "CHATLY_EDGE_PORT",
        "CHATLY_EDGE_TLS_PORT",
        "CHATLY_EDGE_ADMIN_PORT",
        "CHATLY_EDGE_METRICS_PORT",
        "CHATLY_WEB_ADDRESS",
        "CHATLY_MESSAGING_GRPC_PORT",
        "CHATLY_MEDIA_HTTP_PORT",
    ],
)
async def test_a_taken_port_is_reported_in_one_line_that_names_its_setting(tmp_path: Path, setting: str) -> None:
    server = await asyncio.start_server(lambda *_: None, HOST, 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        value = f"{HOST}:{port}" if setting.endswith("ADDRESS") else str(port)
        refused = await chatly(settings(tmp_path, **{setting: value}), "run")

    _, line = refused.output.splitlines()
    assert refused.exit_code == 2
    assert f"{HOST}:{port} is in use: set {setting}" in line


async def test_a_file_left_by_a_killed_mesh_is_ignored(tmp_path: Path) -> None:
    async with running(environ := settings(tmp_path), tmp_path.parent / "run.log"):
        left = (tmp_path / "mesh.json").read_text()
    (tmp_path / "mesh.json").write_text(left)

    doctor = await chatly(environ, "doctor")

    assert doctor.exit_code == 1
    assert "mesh.json" not in doctor.output

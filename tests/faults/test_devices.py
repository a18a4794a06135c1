"""The devices of a run, in Python and in Go, on a mesh without faults: the checker finds nothing."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.mesh import Mesh, running_mesh
from tests.faults import programs
from tests.faults.checker.check import check
from tests.faults.checker.recording import Kind, read_recordings
from tests.faults.checker.stored import read_stored
from tests.faults.talk import talk

SECONDS = 12.0
DOINGS = {
    *(Kind.SENT, Kind.EDITED, Kind.DELETED, Kind.REACTED, Kind.READ, Kind.PAGED),
    *(Kind.HEARD, Kind.EDIT, Kind.GONE, Kind.REACTION),
}


class Nodes:
    """A mesh in one process has one node of each service."""

    def __init__(self, mesh: Mesh) -> None:
        self._mesh = mesh

    def grpc(self, service: str) -> Mapping[str, str]:
        return {f"{service}-1": self._mesh.grpc[service]}


def talk_for_a_while(mesh: Mesh, folder: Path) -> None:
    talk(Nodes(mesh), [mesh.edge], folder, every_seconds=0.1, seed=1, meanwhile=lambda: time.sleep(SECONDS))


@pytest.mark.toolchain("go")
@pytest.mark.timeout(240)
async def test_devices_use_every_action_and_the_checker_finds_nothing(tmp_path: Path) -> None:
    await asyncio.to_thread(programs.build)
    async with running_mesh(tmp_path / "mesh") as mesh:
        await asyncio.to_thread(talk_for_a_while, mesh, tmp_path / "run")

    recording = read_recordings(tmp_path / "run" / "recordings")
    assert check(recording, read_stored(tmp_path / "run" / "stored.json")) == []
    assert {item.kind for item in recording.entries} >= DOINGS
    for device in recording.by_device:
        assert any(item.device == device for item in recording.of(Kind.SENT))
    assert any(item.media for item in recording.of(Kind.DELETED))

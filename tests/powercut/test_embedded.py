"""The embedded mesh loses power under load, in one piece: no acknowledged message is lost, doubled or misordered."""

import asyncio
from pathlib import Path

import pytest

from tests.e2e.mesh import Mesh
from tests.faults.crowd import crowd
from tests.powercut.disk import PowerCutDisk

MESSAGES_PER_SECOND = 100
CUTS = 2
ACKNOWLEDGED_BETWEEN_CUTS = 200


@pytest.mark.toolchain("gcc")
@pytest.mark.timeout(600)
async def test_power_cuts_under_load_lose_double_or_misorder_no_message(tmp_path: Path) -> None:
    disk = PowerCutDisk(tmp_path / "data", platters=tmp_path / "platters")
    disk.switch_on()
    mesh = Mesh(tmp_path, disk.environment)
    await mesh.start()
    try:
        async with crowd(mesh, messages_per_second=MESSAGES_PER_SECOND) as talkers:
            async with talkers.talking():
                for _ in range(CUTS):
                    await talkers.get_through(ACKNOWLEDGED_BETWEEN_CUTS)
                    await asyncio.to_thread(mesh.kill)
                    await asyncio.to_thread(disk.cut)
                    await mesh.start()

            assert all(sender.retries for sender in talkers.senders), "nobody was hit: the power cuts proved nothing"
    finally:
        mesh.kill()

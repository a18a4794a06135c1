"""The promise: an acknowledged message is never lost, never doubled, never out of order, whatever is killed."""

import asyncio
from pathlib import Path

import pytest

from tests.e2e.mesh import running_mesh
from tests.faults.crowd import crowd

MESSAGES_PER_SECOND = 200
KILLS = 5
ACKNOWLEDGED_BETWEEN_KILLS = 300


@pytest.mark.timeout(300)
async def test_five_kills_under_load_lose_double_or_misorder_no_message(tmp_path: Path) -> None:
    async with running_mesh(tmp_path) as mesh, crowd(mesh, messages_per_second=MESSAGES_PER_SECOND) as talkers:
        async with talkers.talking():
            for _ in range(KILLS):
                await talkers.get_through(ACKNOWLEDGED_BETWEEN_KILLS)
                await asyncio.to_thread(mesh.kill)
                await mesh.start()

        assert all(subscriber.resumes >= KILLS for subscriber in talkers.subscribers)
        assert all(sender.retries for sender in talkers.senders), "nobody was hit: the kills proved nothing"

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.messaging.harness import Harness, open_harness


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[Harness]:
    async with open_harness(tmp_path) as harness:
        yield harness


class MaybePersist:
    """Either stores every event, or leaves them in the hot tail."""

    def __init__(self, harness: Harness, *, stored: bool) -> None:
        self._harness = harness
        self._stored = stored

    async def __call__(self) -> None:
        if self._stored:
            await self._harness.persist()


@pytest.fixture(params=["in the hot tail", "stored"])
async def maybe_persist(request: pytest.FixtureRequest, harness: Harness) -> MaybePersist:
    """Run a test twice: with events that are not stored yet, and with stored ones."""
    return MaybePersist(harness, stored=request.param == "stored")

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.messaging.rig import Rig, open_rig


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with open_rig(tmp_path) as rig:
        yield rig


@pytest.fixture(params=["in the tail", "stored"])
async def kept(request: pytest.FixtureRequest, rig: Rig) -> "Kept":
    """For tests that must hold wherever history is: `await kept()` stores everything, or leaves it in the tail."""
    return Kept(rig, stored=request.param == "stored")


class Kept:
    def __init__(self, rig: Rig, *, stored: bool) -> None:
        self._rig = rig
        self._stored = stored

    async def __call__(self) -> None:
        if self._stored:
            await self._rig.persist()

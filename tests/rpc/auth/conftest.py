"""Auth behind its real server, with a fake clock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kernel.settings import load
from services.auth.settings import AuthSettings
from services.auth.wiring import open_auth
from tests.fakes import FakeClock, Mesh, a_platform, running
from tests.rpc.auth.fake_media import FakeMedia, open_fake_media
from tests.rpc.auth.harness import AuthClient


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def media() -> AsyncIterator[FakeMedia]:
    async with open_fake_media() as media:
        yield media


@pytest.fixture
async def auth(tmp_path: Path, clock: FakeClock, media: FakeMedia) -> AsyncIterator[AuthClient]:
    async with serving_auth(tmp_path, clock, media_address=media.address) as client:
        yield client


@asynccontextmanager
async def serving_auth(
    data_dir: Path, clock: FakeClock, *, media_address: str = "127.0.0.1:1", loops: bool = False
) -> AsyncIterator[AuthClient]:
    """Run one node of auth over a data folder. `media_address`: of a server that takes all calls to other services."""
    mesh = Mesh(clock=clock)
    addresses = {"media": media_address, "presence": media_address, "messaging": media_address}
    async with (
        a_platform(data_dir=data_dir, mesh=mesh, addresses=addresses) as platform,
        open_auth(load(AuthSettings, {"CHATLY_AUTH_BCRYPT_COST": "4"}), platform) as service,
        running(service, mesh=mesh, loops=loops) as served,
    ):
        yield AuthClient(served, service)

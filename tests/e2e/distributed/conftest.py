"""One mesh on the real engines for the tests of this room: two nodes of every service."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.e2e.mesh import SERVICES, Mesh, running_mesh
from tests.e2e.real_engines import RoomOnEngines


@pytest.fixture(scope="session")
def engines(room_on_engines: RoomOnEngines) -> Iterator[dict[str, str]]:
    """Settings that lead to them, with a keyspace, a topic, a bucket and keys of the room's own."""
    with room_on_engines() as settings:
        yield settings


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def mesh(tmp_path_factory: pytest.TempPathFactory, engines: dict[str, str]) -> AsyncIterator[Mesh]:
    """The room's: kill its nodes as you like, they are started again. People are soon taken for gone."""
    soon = {"CHATLY_PRESENCE_GRACE_SECONDS": "3", "CHATLY_PRESENCE_RENEW_SECONDS": "0.5"}
    nodes = dict.fromkeys(SERVICES, 2)
    async with running_mesh(tmp_path_factory.mktemp("distributed"), nodes, **engines, **soon) as mesh:
        yield mesh

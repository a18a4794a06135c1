"""One mesh on the real engines for the tests of this folder, with two nodes of every service."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from mesh.services import SERVICES
from tests.e2e.mesh import Mesh, running_mesh
from tests.e2e.real_engines import PrivateEngines


@pytest.fixture(scope="session")
def engines(private_engines: PrivateEngines) -> Iterator[dict[str, str]]:
    """Settings of the engines, with a separate keyspace, topic, bucket and key prefix."""
    with private_engines() as settings:
        yield settings


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def mesh(tmp_path_factory: pytest.TempPathFactory, engines: dict[str, str]) -> AsyncIterator[Mesh]:
    """The folder's mesh. Its nodes may be killed: they are started again. Presence leases are short."""
    soon = {"CHATLY_PRESENCE_GRACE_SECONDS": "3", "CHATLY_PRESENCE_RENEW_SECONDS": "0.5"}
    nodes = dict.fromkeys(SERVICES, 2)
    async with running_mesh(tmp_path_factory.mktemp("distributed"), nodes, **engines, **soon) as mesh:
        yield mesh

"""One mesh for all end-to-end tests that leave it intact, in each of its two forms. See tests/e2e/mesh.py."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.collector import Collector, collecting
from tests.e2e.mesh import Mesh, running_mesh
from tests.e2e.real_engines import PrivateEngines


@pytest_asyncio.fixture(
    scope="session",
    loop_scope="session",
    params=["embedded", pytest.param("distributed", marks=[pytest.mark.engines, pytest.mark.timeout(300)])],
)
async def mesh(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mesh]:
    """The session's mesh. It is shared: do not stop it, and use your own accounts.

    Embedded: one process with files. Distributed: a process per node on the real engines, with two nodes of messaging.
    """
    distributed = request.param == "distributed"
    settings: dict[str, str] = request.getfixturevalue("engines_of_the_mesh") if distributed else {}
    nodes = {"messaging": 2} if distributed else {}
    async with running_mesh(tmp_path_factory.mktemp("mesh"), nodes, **settings) as mesh:
        yield mesh
        assert "Traceback" not in mesh.logs(), mesh.logs()


@pytest.fixture(scope="session")
def engines_of_the_mesh(private_engines: PrivateEngines) -> Iterator[dict[str, str]]:
    with private_engines() as settings:
        yield settings


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def collector() -> AsyncIterator[Collector]:
    """The collector for the tests of one file."""
    async with collecting() as collector:
        yield collector

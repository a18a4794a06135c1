"""One mesh for all end-to-end tests that leave it whole. See tests/e2e/mesh.py."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.mesh import Mesh, running_mesh


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def mesh(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mesh]:
    """The session's mesh: shared, so do not stop it, and use accounts with names of your own."""
    async with running_mesh(tmp_path_factory.mktemp("mesh")) as mesh:
        yield mesh
        assert "Traceback" not in mesh.output(), mesh.output()

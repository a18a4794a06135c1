"""The mesh holds every attack, and others hardly notice."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.attacks.bystander import measure
from tests.attacks.mesh import attacked_mesh
from tests.attacks.rows import ATTACKS
from tests.e2e.mesh import Mesh


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mesh]:
    async with attacked_mesh(tmp_path_factory.mktemp("attacks")) as mesh:
        yield mesh


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", ATTACKS)
async def test_the_mesh_holds(name: str, mesh: Mesh) -> None:
    row = await measure(ATTACKS[name], mesh)

    assert row.held, str(row)

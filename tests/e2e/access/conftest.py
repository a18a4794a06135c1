"""A new set of data for each test, because a caller may change it."""

import pytest

from tests.e2e.access.harness import Owned, owned_data
from tests.e2e.mesh import Mesh


@pytest.fixture
async def owned(mesh: Mesh) -> Owned:
    return await owned_data(mesh)

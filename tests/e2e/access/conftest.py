"""A world for each test: what one caller may change, the next one must not find changed."""

import pytest

from tests.e2e.access.world import World, a_world
from tests.e2e.mesh import Mesh


@pytest.fixture
async def world(mesh: Mesh) -> World:
    return await a_world(mesh)

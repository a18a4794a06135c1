"""One small Chatly and one node of it for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.live.world import Node, World, a_node, a_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path) as world:
        yield world


@pytest.fixture
async def node(world: World) -> AsyncIterator[Node]:
    async with a_node(world) as node:
        yield node

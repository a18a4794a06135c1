"""A backend and one node of its own for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.live.harness import Backend, Node, a_backend, a_node


@pytest.fixture
async def backend(tmp_path: Path) -> AsyncIterator[Backend]:
    async with a_backend(tmp_path) as backend:
        yield backend


@pytest.fixture
async def node(backend: Backend) -> AsyncIterator[Node]:
    async with a_node(backend) as node:
        yield node

"""A backend and one node of its own for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.live.harness import Backend, Client, Node, a_backend, a_node


@pytest.fixture
async def backend(tmp_path: Path) -> AsyncIterator[Backend]:
    async with a_backend(tmp_path) as backend:
        yield backend


@pytest.fixture(params=["push", "yield"])
def pushes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the library of the node's gRPC server can push responses."""
    can_push: bool = request.param == "push"
    monkeypatch.setattr(Client, "takes_pushes", can_push)
    return can_push


@pytest.fixture
async def node(backend: Backend, pushes: bool) -> AsyncIterator[Node]:  # noqa: FBT001 - selects the library
    async with a_node(backend) as node:
        yield node

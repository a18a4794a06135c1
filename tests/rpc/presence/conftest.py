from collections.abc import AsyncIterator

import pytest

from tests.rpc.engines import grpc_engine
from tests.rpc.presence.harness import Cluster, Node

__all__ = ["cluster", "grpc_engine", "node"]


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
async def node(cluster: Cluster) -> AsyncIterator[Node]:
    async with cluster.node() as node:
        yield node

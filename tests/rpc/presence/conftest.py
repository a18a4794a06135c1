from collections.abc import AsyncIterator

import pytest

from tests.rpc.presence.harness import Cluster, Node


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
async def node(cluster: Cluster) -> AsyncIterator[Node]:
    async with cluster.node() as node:
        yield node

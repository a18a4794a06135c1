from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.rpc.engines import grpc_engine
from tests.rpc.messaging.harness import Harness, open_harness

__all__ = ["grpc_engine", "harness"]


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[Harness]:
    async with open_harness(tmp_path) as harness:
        yield harness

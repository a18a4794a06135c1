"""Fixtures of the live delivery tests."""

from collections.abc import AsyncIterator

import grpc
import httpx
import pytest

from tests.e2e.mesh import Mesh
from tests.e2e.people import rest


@pytest.fixture
async def edge(mesh: Mesh) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(mesh.edge) as channel:
        yield channel


@pytest.fixture
async def client(mesh: Mesh) -> AsyncIterator[httpx.AsyncClient]:
    async with rest(mesh) as client:
        yield client

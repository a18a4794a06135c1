"""Fixtures of the REST tests."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from tests.e2e.mesh import Mesh, running_mesh
from tests.e2e.people import Person, people, rest

CORS_ORIGIN = "https://chat.example.org"
PER_MINUTE = 5
PROXY = "127.0.0.13"


@pytest.fixture
async def client(mesh: Mesh) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the session's mesh, through its edge."""
    async with rest(mesh) as client:
        yield client


@pytest.fixture
async def pair(mesh: Mesh) -> tuple[Person, Person]:
    """Two users who share no chat yet."""
    ann, bob = await people(mesh, "ann", "bob")
    return ann, bob


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def strict_mesh(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mesh]:
    """A mesh with low rate limits and one other origin."""
    async with running_mesh(
        tmp_path_factory.mktemp("strict"),
        CHATLY_EDGE_CORS_ORIGINS=CORS_ORIGIN,
        CHATLY_EDGE_LOGIN_PER_MINUTE=str(PER_MINUTE),
        CHATLY_EDGE_REFRESH_PER_MINUTE=str(PER_MINUTE),
        CHATLY_EDGE_REGISTER_PER_MINUTE=str(PER_MINUTE),
        CHATLY_EDGE_TRUSTED_PROXIES=PROXY,
        CHATLY_EDGE_UPLOAD_PER_MINUTE=str(PER_MINUTE),
        CHATLY_EDGE_SEND_PER_SECOND="1",
    ) as mesh:
        yield mesh

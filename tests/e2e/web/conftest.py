"""A browser's two connections to the edge: HTTP/1.1 without TLS, HTTP/2 with TLS."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.e2e.mesh import Mesh
from tests.e2e.people import rest, rest_over_tls


@pytest.fixture(params=["HTTP/1.1", "HTTP/2"])
async def browser(mesh: Mesh, request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    async with rest(mesh) if request.param == "HTTP/1.1" else rest_over_tls(mesh) as client:
        assert (await client.get("/healthz")).http_version == request.param
        yield client

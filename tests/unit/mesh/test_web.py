"""`chatly web` serves the web client and the page about the mesh without a mesh."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mesh.edge.front import serve_web
from mesh.health import http_get
from mesh.services import SERVICES
from tests.waiting import eventually


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[int]:
    """Port of a server whose client is one page; no service runs."""
    (tmp_path / "index.html").write_text("<p>the client</p>")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    environ = {
        "CHATLY_WEB_ADDRESS": f"127.0.0.1:{port}",
        "CHATLY_WEB_DIR": str(tmp_path),
        "CHATLY_AUTH_ADDRESS": "auth.example.org:50051",
        **{f"CHATLY_{name.upper()}_GRPC_PORT": "1" for name in SERVICES},
    }
    stop = asyncio.Event()

    async def answers() -> bool:
        return await http_get(f"http://127.0.0.1:{port}/openapi.json") is not None

    async with asyncio.TaskGroup() as group:
        group.create_task(serve_web(environ, stop))
        await eventually(answers)
        yield port
        stop.set()


async def test_it_serves_the_client(port: int) -> None:
    assert "the client" in (await http_get(f"http://127.0.0.1:{port}/") or "")


async def test_the_page_shows_services_that_do_not_answer_without_their_addresses(port: int) -> None:
    page = await http_get(f"http://127.0.0.1:{port}/about") or ""

    assert "not serving" in page
    assert "auth.example.org" not in page
    assert "no answer" not in page

"""The web client's files through an Envoy of this test, in front of a server that closes connections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from kernel.settings import load
from mesh.addresses import load_addresses
from mesh.edge.config import render
from mesh.edge.settings import EdgeSettings
from tests.e2e.envoy import Envoy
from tests.e2e.mesh import HOST
from tests.ports import free_ports


class HangsUpOnce:
    """Closes the connection of the first request, and answers all later ones."""

    def __init__(self) -> None:
        self.asked = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.asked += 1
        if self.asked > 1:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello")
            await writer.drain()
        writer.close()


@asynccontextmanager
async def an_edge(folder: Path, *, web: int) -> AsyncIterator[str]:
    """Run an Envoy without services, with the web client's server at this port; return its address."""
    free = free_ports()
    port = next(free)
    environ = {
        "CHATLY_EDGE_PORT": str(port),
        "CHATLY_EDGE_ADMIN_PORT": str(next(free)),
        "CHATLY_WEB_ADDRESS": f"{HOST}:{web}",
    }
    envoy = Envoy(render(load(EdgeSettings, environ), load_addresses(environ)), port=port, folder=folder)
    try:
        await envoy.start()
        yield envoy.url
    finally:
        await envoy.kill()


async def test_a_file_is_served_although_the_first_connection_was_closed(tmp_path: Path) -> None:
    server = HangsUpOnce()
    async with (
        await asyncio.start_server(server.serve, HOST, 0) as listening,
        an_edge(tmp_path, web=listening.sockets[0].getsockname()[1]) as url,
        httpx.AsyncClient(base_url=url) as client,
    ):
        answer = await client.get("/assets/index.js")

    assert (answer.status_code, answer.text) == (200, "hello")
    assert server.asked == 2

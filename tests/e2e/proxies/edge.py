"""An Envoy without services, in front of a server that returns what the edge says about the client."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from kernel.grpc.context import read_request
from kernel.http.server import serve_http
from kernel.settings import load
from mesh.addresses import load_addresses
from mesh.edge.config import render
from mesh.edge.settings import EdgeSettings
from tests.e2e.envoy import Envoy
from tests.e2e.mesh import HOST
from tests.ports import free_ports


@asynccontextmanager
async def an_edge(folder: Path, **environ: str) -> AsyncIterator[EdgeSettings]:
    """Run the edge until the block ends. It answers with the address and the scheme that services would see."""
    free = free_ports()
    ports = {f"CHATLY_EDGE_{name}": str(next(free)) for name in ("PORT", "TLS_PORT", "ADMIN_PORT")}
    with socket.create_server((HOST, 0)) as listener:
        web = f"{HOST}:{listener.getsockname()[1]}"
        settings = load(EdgeSettings, {**ports, "CHATLY_WEB_ADDRESS": web, **environ})
        envoy = Envoy(render(settings, load_addresses({})), port=settings.port, folder=folder)
        async with serve_http(Starlette(routes=[Route("/seen", _seen)]), listener, grace_seconds=0):
            try:
                await envoy.start()
                yield settings
            finally:
                await envoy.kill()


async def _seen(request: Request) -> JSONResponse:
    peer = request.client.host if request.client else ""
    seen = read_request(request.url.path, request.headers, [], peer, trust_edge=True)
    return JSONResponse([seen.peer_address, "https" if seen.secure else "http"])

"""Serves an ASGI application on a listening socket with uvicorn."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import ceil
from socket import socket

import uvicorn
from starlette.applications import Starlette

from kernel.grpc.tls import MeshTls

KEEP_ALIVE_SECONDS = 60
"""Seconds for which an idle connection stays open.

Envoy closes idle connections earlier, so it sends no request on a closed connection.
"""


@asynccontextmanager
async def serve_http(
    app: Starlette, listener: socket, *, grace_seconds: float, tls: MeshTls | None = None
) -> AsyncIterator[None]:
    """Serve until the block ends, then give running responses `grace_seconds` to finish.

    With `tls`, only clients with a certificate of this mesh are served.
    """
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        # Envoy sets the date of its responses itself.
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=ceil(grace_seconds),
        ssl_context_factory=None if tls is None else lambda _, __: tls.server_context(),
    )
    config.load()
    server = uvicorn.Server(config)
    # The steps of `Server.serve`, without its signal handlers, and without its timer that runs ten times a second.
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listener])
    try:
        yield
    finally:
        await server.shutdown(sockets=[listener])

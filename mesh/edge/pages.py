"""The pages behind the edge: the web client at `/`, the state of the mesh at `/about`, and `/openapi.json`."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from mesh.edge.openapi import openapi
from mesh.edge.web_client import WebClient

_STATIC = Path(__file__).parent / "static"
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """The state of one node, as the page about the mesh shows it."""

    name: str
    grpc_address: str
    fault: str | None
    """The reason why the node does not serve, or None if it serves."""


def pages(*, version: str, services: Callable[[], Awaitable[Sequence[NodeStatus]]], web: Path) -> Starlette:
    """Return the application that serves `/` behind the edge.

    `services` returns the current state of the nodes. `web` is the folder of the built web client. If the folder has no
    client, `/` shows the state of the mesh.
    """
    environment = Environment(loader=FileSystemLoader(_STATIC), autoescape=select_autoescape())
    template = environment.get_template("about.html")

    # Everybody can see it, so it names no versions, addresses or faults: `chatly doctor` does.
    async def about(_: Request) -> Response:
        page = template.render(services=await services())
        headers = {"cache-control": "no-cache", "content-security-policy": _CONTENT_SECURITY_POLICY}
        return HTMLResponse(page, headers=headers)

    async def describe(_: Request) -> Response:
        # The document is built at the first request, because most meshes never get one.
        return JSONResponse(await asyncio.to_thread(openapi, version))

    client: BaseRoute = Mount("/", WebClient(web)) if (web / "index.html").is_file() else Route("/", about)
    return Starlette(
        routes=[
            Route("/about", about),
            Route("/openapi.json", describe),
            Mount("/about/assets", StaticFiles(directory=_STATIC)),
            client,
        ],
        middleware=[Middleware(GZipMiddleware, minimum_size=1000)],
    )

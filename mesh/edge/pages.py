"""What the edge shows at `/` while there is no web client: what runs, and where to go on. Also the REST description."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from mesh.edge.openapi import openapi

_STATIC = Path(__file__).parent / "static"
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Running:
    """One service, as the page shows it."""

    name: str
    grpc_address: str
    complaint: str | None
    """What is broken, or None."""


def pages(*, version: str, services: Callable[[], Awaitable[Sequence[Running]]]) -> Starlette:
    """The small application behind the edge's `/`; `services` says how the services are right now."""
    environment = Environment(loader=FileSystemLoader(_STATIC), autoescape=select_autoescape())
    template = environment.get_template("index.html")
    description = openapi(version)

    async def index(_: Request) -> Response:
        page = template.render(version=version, services=await services())
        headers = {"cache-control": "no-cache", "content-security-policy": _CONTENT_SECURITY_POLICY}
        return HTMLResponse(page, headers=headers)

    async def describe(_: Request) -> Response:
        return JSONResponse(description)

    return Starlette(
        routes=[
            Route("/", index),
            Route("/openapi.json", describe),
            Mount("/assets", StaticFiles(directory=_STATIC)),
        ]
    )

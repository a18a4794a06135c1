"""What stands in front of the services of `chatly run`, however they run: Envoy's settings and the start page."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from kernel.grpc.tls import MeshTls
from kernel.http import serve_http
from kernel.settings import SettingsError, load
from mesh.edge.http_get import http_get
from mesh.edge.pages import Running, pages
from mesh.edge.settings import EdgeSettings
from mesh.edge.tls import ensure_certificate


class Door(Protocol):
    """Where one process of a service can be reached."""

    @property
    def name(self) -> str: ...

    @property
    def service(self) -> str: ...

    @property
    def host(self) -> str: ...

    @property
    def http_port(self) -> int: ...

    @property
    def address(self) -> str: ...


def edge_settings(environ: Mapping[str, str], data_dir: Path) -> EdgeSettings:
    """The edge's settings, with a certificate of our own making where none is given."""
    edge = load(EdgeSettings, environ)
    if edge.tls_certificate:
        return edge
    certificate, key = ensure_certificate(data_dir / "secrets")
    return replace(edge, tls_certificate=str(certificate), tls_key=str(key))


@asynccontextmanager
async def serve_pages(edge: EdgeSettings, doors: Sequence[Door], tls: MeshTls | None) -> AsyncIterator[None]:
    """The web client and the page about the mesh, for Envoy to fetch; with `tls`, for Envoy alone."""

    async def states() -> Sequence[Running]:
        answers = await asyncio.gather(
            *(http_get(door.host, door.http_port, "/healthz", tls=tls, name=door.service) for door in doors)
        )
        return [
            Running(door.name, door.address, None if answer else "not serving")
            for door, answer in zip(doors, answers, strict=True)
        ]

    host, _, port = edge.web.rpartition(":")
    try:
        listener = socket.create_server((host, int(port)))
    except OSError as error:
        raise SettingsError(f"{edge.web} is in use: set CHATLY_WEB_ADDRESS to another host:port") from error
    application = pages(version=version("chatly"), services=states, web=edge.web_dir)
    with listener:
        async with serve_http(application, listener, grace_seconds=1, tls=tls):
            yield


def ready_line(edge: EdgeSettings) -> str:
    """What to tell people once everything serves."""
    host = "localhost" if edge.host in {"127.0.0.1", "0.0.0.0", "::"} else edge.host
    return f"Chatly is ready at http://{host}:{edge.port} and https://{host}:{edge.tls_port} (Ctrl-C stops it)"

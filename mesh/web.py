"""`chatly web`: the web client's files and the page about the mesh in a process of their own, behind the edge."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kernel.grpc.tls import load_tls
from kernel.settings import load
from mesh.edge.front import serve_pages
from mesh.edge.settings import EdgeSettings
from mesh.safety import refuse_unsafe_web
from mesh.settings import PORTS, with_addresses


@dataclass(frozen=True, slots=True)
class _Door:
    name: str
    address: str
    host: str
    http_port: int

    @property
    def service(self) -> str:
        return self.name


async def serve_web(environ: Mapping[str, str], stop: asyncio.Event) -> None:
    """Until `stop`, at CHATLY_WEB_ADDRESS."""
    doors = list(_doors(with_addresses(environ)))
    edge = load(EdgeSettings, environ)
    refuse_unsafe_web(edge, environ)
    async with serve_pages(edge, doors, load_tls(environ)):
        await stop.wait()


def _doors(environ: Mapping[str, str]) -> Iterator[_Door]:
    """Of each service the first process, as it is known under the service's address."""
    for name in PORTS:
        grpc, http = environ[f"CHATLY_{name.upper()}_ADDRESS"], environ[f"CHATLY_{name.upper()}_HTTP_ADDRESS"]
        host, _, port = http.split(",")[0].rpartition(":")
        yield _Door(name, grpc, host, int(port))

"""The web client's server and the certificate of the edge, for `chatly run` and `chatly web`."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from kernel.grpc.tls import MeshTls, load_tls
from kernel.http.server import serve_http
from kernel.settings import SettingsError, load
from kernel.sockets import address
from mesh.addresses import load_addresses, with_addresses
from mesh.edge.pages import NodeStatus, pages
from mesh.edge.settings import EdgeSettings
from mesh.edge.tls import ensure_certificate
from mesh.health import find_fault
from mesh.safety import plaintext_risk, refuse_unsafe_web


@dataclass(frozen=True, slots=True)
class ListedNode:
    """One node of a service on the page about the mesh."""

    name: str
    service: str
    address: str
    """The gRPC address, as `host:port`."""


def edge_settings(environ: Mapping[str, str], data_dir: Path) -> EdgeSettings:
    """Return the edge's settings. If no certificate is set, the edge gets a self-signed one from the data folder."""
    edge = load(EdgeSettings, environ)
    if edge.tls_certificate:
        return edge
    certificate, key = ensure_certificate(data_dir / "secrets")
    # Browsers warn of this certificate, so nobody is redirected to it.
    return replace(edge, tls_certificate=str(certificate), tls_key=str(key), https_only=False)


async def serve_web(environ: Mapping[str, str], stop: asyncio.Event) -> None:
    """Serve the web client and the page about the mesh at CHATLY_WEB_ADDRESS until `stop`, for `chatly web`."""
    edge = load(EdgeSettings, environ)
    refuse_unsafe_web(edge, environ)
    addresses = load_addresses(with_addresses(environ))
    nodes = [ListedNode(name, name, address.grpc.split(",")[0]) for name, address in addresses.items()]
    async with serve_pages(edge, nodes, load_tls(environ)):
        await stop.wait()


@asynccontextmanager
async def serve_pages(edge: EdgeSettings, nodes: Sequence[ListedNode], tls: MeshTls | None) -> AsyncIterator[None]:
    """Serve the web client and the page about the mesh to Envoy until the block ends.

    With `tls`, serve only clients with a certificate of this mesh.
    """

    async def states() -> Sequence[NodeStatus]:
        faults = await asyncio.gather(*(find_fault(node.service, node.address, tls) for node in nodes))
        return [NodeStatus(node.name, node.address, fault) for node, fault in zip(nodes, faults, strict=True)]

    host, _, port = edge.web.rpartition(":")
    try:
        listener = socket.create_server((host, int(port)))
    except OSError as error:
        raise SettingsError(f"{edge.web} is in use: set CHATLY_WEB_ADDRESS to another host:port") from error
    application = pages(version=version("chatly"), services=states, web=edge.web_dir)
    with listener:
        async with serve_http(application, listener, grace_seconds=1, tls=tls):
            yield


def plaintext_warning(environ: Mapping[str, str]) -> str:
    """Return the lines with which `chatly run` warns of plain HTTP to other machines. Empty: there is no risk."""
    risk = plaintext_risk(load(EdgeSettings, environ), environ)
    if risk is None:
        return ""
    detail, remedy = risk
    return f"{'!' * 78}\nWARNING: {detail}.\n{remedy}\n{'!' * 78}"


def ready_line(edge: EdgeSettings) -> str:
    """Return the line that `chatly run` prints once everything serves."""
    host = "localhost" if edge.host in {"127.0.0.1", "0.0.0.0", "::"} else edge.host
    plain, tls = (address(host, port) for port in (edge.port, edge.tls_port))
    return f"Chatly is ready at http://{plain} and https://{tls} (Ctrl-C stops it)"

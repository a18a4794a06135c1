"""A running mesh on this machine: the ports that it holds, and the file in which other commands find its addresses."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from kernel.settings import SettingsError, load
from kernel.sockets import address, hold
from mesh.addresses import LOOPBACK, load_addresses, port_of, with_addresses
from mesh.edge.settings import EdgeSettings
from mesh.services import SERVICES

FILE_NAME = "mesh.json"
"""The name of the file in the data folder. The file exists while the mesh runs."""


@contextmanager
def held_ports(environ: Mapping[str, str], *, free: bool) -> Iterator[dict[str, str]]:
    """Hold ports until the block ends, and yield the environment with all ports and addresses.

    The edge always gets the ports of its settings. With `free`, the services, the web file server and the admin page
    get free ports unless their ports are set. Without `free`, the web file server and the admin page get their default
    ports, and each service's process binds its own ports. A port is bound before its number is used, so that no other
    process can take it. Raise SettingsError if a port is taken.
    """
    with ExitStack() as held:
        ports = _Ports(environ, held, free=free)
        ports.hold_edge(load(EdgeSettings, environ))
        if free:
            for name in SERVICES:
                ports.hold_service(name.upper())
        yield with_addresses(ports.chosen)


class _Ports:
    """Ports that are bound until `held` is closed, and the environment that names them."""

    def __init__(self, environ: Mapping[str, str], held: ExitStack, *, free: bool) -> None:
        self._environ = environ
        self._held = held
        self._free = free
        self.chosen = dict(environ)

    def hold_edge(self, edge: EdgeSettings) -> None:
        self._bind(edge.host, "CHATLY_EDGE_PORT", edge.port)
        self._bind(edge.host, "CHATLY_EDGE_TLS_PORT", edge.tls_port)
        if edge.metrics_port:
            self._bind(edge.host, "CHATLY_EDGE_METRICS_PORT", edge.metrics_port)
        admin_port = edge.admin_port if self._is_fixed("CHATLY_EDGE_ADMIN_PORT") else 0
        self.chosen["CHATLY_EDGE_ADMIN_PORT"] = str(self._bind(LOOPBACK, "CHATLY_EDGE_ADMIN_PORT", admin_port))
        host, _, port = edge.web.rpartition(":")
        if not port.isdecimal():
            raise SettingsError(f"CHATLY_WEB_ADDRESS must be host:port, got {edge.web!r}")
        web_port = int(port) if self._is_fixed("CHATLY_WEB_ADDRESS") else 0
        self.chosen["CHATLY_WEB_ADDRESS"] = f"{host}:{self._bind(host, 'CHATLY_WEB_ADDRESS', web_port)}"

    def hold_service(self, name: str) -> None:
        host = self._environ.get("CHATLY_HOST", LOOPBACK)
        for kind, api in (("GRPC", "ADDRESS"), ("HTTP", "HTTP_ADDRESS")):
            variable = f"CHATLY_{name}_{kind}_PORT"
            # If only the address is set, the service must listen on the port of this address, because others call it
            # there.
            port = self._environ.get(f"CHATLY_{name}_{api}", "").rpartition(":")[2]
            wanted = port_of(self._environ, variable, int(port) if port.isdecimal() else 0)
            self.chosen[variable] = str(self._bind(host, variable, wanted))
        metrics = f"CHATLY_{name}_METRICS_PORT"
        if metrics_port := port_of(self._environ, metrics, 0):
            self._bind(host, metrics, metrics_port)

    def _is_fixed(self, variable: str) -> bool:
        return variable in self._environ or not self._free

    def _bind(self, host: str, variable: str, port: int) -> int:
        bound: int = self._held.enter_context(hold(host, port, variable)).getsockname()[1]
        return bound


@dataclass(frozen=True, slots=True)
class RunningMesh:
    """A mesh that runs on a data folder.

    An address is `host:port`. Addresses of several nodes are separated by commas.
    """

    pid: int
    edge: str
    edge_tls: str
    admin: str
    web: str
    grpc: Mapping[str, str]
    http: Mapping[str, str]

    def settings(self) -> dict[str, str]:
        """Return the settings with which other commands find this mesh."""
        host, _, port = self.edge.rpartition(":")
        return {
            "CHATLY_EDGE_HOST": host.strip("[]"),
            "CHATLY_EDGE_PORT": port,
            "CHATLY_EDGE_TLS_PORT": self.edge_tls.rpartition(":")[2],
            "CHATLY_EDGE_ADMIN_PORT": self.admin.rpartition(":")[2],
            "CHATLY_WEB_ADDRESS": self.web,
            **{f"CHATLY_{name.upper()}_ADDRESS": each for name, each in self.grpc.items()},
            **{f"CHATLY_{name.upper()}_HTTP_ADDRESS": each for name, each in self.http.items()},
        }


@contextmanager
def announced(data_dir: Path, environ: Mapping[str, str]) -> Iterator[None]:
    """Keep the addresses of this process's mesh in a file of the data folder until the block ends."""
    edge, addresses = load(EdgeSettings, environ), load_addresses(environ)
    mesh = RunningMesh(
        pid=os.getpid(),
        edge=address(edge.host, edge.port),
        edge_tls=address(edge.host, edge.tls_port),
        admin=f"{LOOPBACK}:{edge.admin_port}",
        web=edge.web,
        grpc={name: each.grpc for name, each in addresses.items()},
        http={name: each.http for name, each in addresses.items()},
    )
    path = data_dir / FILE_NAME
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(asdict(mesh), indent=2) + "\n")
    draft.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def find_running(data_dir: Path) -> RunningMesh | None:
    """Return the mesh that runs on a data folder.

    Return None if its file is missing or unreadable, or if its process has ended.
    """
    try:
        mesh = RunningMesh(**json.loads((data_dir / FILE_NAME).read_text()))
        return mesh if Path(f"/proc/{mesh.pid}").exists() else None
    except (OSError, ValueError, TypeError):
        return None

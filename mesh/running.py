"""A running mesh on this machine: the ports that it holds, and the file in which other commands find its addresses."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from kernel.settings import load
from kernel.sockets import hold
from mesh.addresses import LOOPBACK, load_addresses, port_of, with_addresses
from mesh.edge.settings import EdgeSettings
from mesh.services import SERVICES

FILE_NAME = "mesh.json"
"""Within the data folder, as long as the mesh runs."""


@contextmanager
def held_ports(environ: Mapping[str, str], *, free: bool) -> Iterator[dict[str, str]]:
    """Hold ports until the block ends; yield the environment with all ports and addresses.

    The edge's two ports are fixed. With `free`, the services, the web file server and the admin page get free ports
    unless theirs are set. Without it they get their default ports, and each service's process holds its own. A port
    is bound before its number is used, so that no other process can take it. Raise SettingsError if a port is taken.
    """
    chosen = dict(environ)
    edge = load(EdgeSettings, environ)
    with ExitStack() as held:

        def bind(host: str, variable: str, port: int) -> int:
            bound: int = held.enter_context(hold(host, port, variable)).getsockname()[1]
            return bound

        bind(edge.host, "CHATLY_EDGE_PORT", edge.port)
        bind(edge.host, "CHATLY_EDGE_TLS_PORT", edge.tls_port)
        if edge.metrics_port:
            bind(edge.host, "CHATLY_EDGE_METRICS_PORT", edge.metrics_port)
        admin_port = 0 if free and "CHATLY_EDGE_ADMIN_PORT" not in environ else edge.admin_port
        chosen["CHATLY_EDGE_ADMIN_PORT"] = str(bind(LOOPBACK, "CHATLY_EDGE_ADMIN_PORT", admin_port))
        web = f"{LOOPBACK}:0" if free and "CHATLY_WEB_ADDRESS" not in environ else edge.web
        web_host, _, web_port = web.rpartition(":")
        chosen["CHATLY_WEB_ADDRESS"] = f"{web_host}:{bind(web_host, 'CHATLY_WEB_ADDRESS', int(web_port))}"
        for service in SERVICES if free else ():
            for kind in ("GRPC", "HTTP"):
                variable = f"CHATLY_{service.upper()}_{kind}_PORT"
                port = bind(environ.get("CHATLY_HOST", LOOPBACK), variable, port_of(environ, variable, 0))
                chosen[variable] = str(port)
        yield with_addresses(chosen)


@dataclass(frozen=True, slots=True)
class RunningMesh:
    """A mesh that runs on a data folder. Addresses are `host:port`; of several nodes separated by commas."""

    pid: int
    edge: str
    edge_tls: str
    admin: str
    web: str
    grpc: Mapping[str, str]
    http: Mapping[str, str]

    def settings(self) -> dict[str, str]:
        """Return the settings by which other commands find this mesh."""
        host, _, port = self.edge.rpartition(":")
        return {
            "CHATLY_EDGE_HOST": host,
            "CHATLY_EDGE_PORT": port,
            "CHATLY_EDGE_TLS_PORT": self.edge_tls.rpartition(":")[2],
            "CHATLY_EDGE_ADMIN_PORT": self.admin.rpartition(":")[2],
            "CHATLY_WEB_ADDRESS": self.web,
            **{f"CHATLY_{name.upper()}_ADDRESS": address for name, address in self.grpc.items()},
            **{f"CHATLY_{name.upper()}_HTTP_ADDRESS": address for name, address in self.http.items()},
        }


@contextmanager
def announced(data_dir: Path, environ: Mapping[str, str]) -> Iterator[None]:
    """Keep the addresses of this process's mesh in its data folder until the block ends."""
    edge, addresses = load(EdgeSettings, environ), load_addresses(environ)
    mesh = RunningMesh(
        pid=os.getpid(),
        edge=f"{edge.host}:{edge.port}",
        edge_tls=f"{edge.host}:{edge.tls_port}",
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
    """Return the mesh that runs on a data folder; None if its file is missing, unreadable, or of a killed process."""
    try:
        mesh = RunningMesh(**json.loads((data_dir / FILE_NAME).read_text()))
        return mesh if Path(f"/proc/{mesh.pid}").exists() else None
    except (OSError, ValueError, TypeError):
        return None

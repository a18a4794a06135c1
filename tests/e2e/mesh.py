"""The whole mesh as users run it: `chatly run` in a process with Envoy, on free loopback ports.

Most tests use the fixture `mesh`, one for the whole session, so use your own accounts. They run twice, on the embedded
mesh and on the real engines; `EMBEDDED` marks those that inspect the embedded process. Tests that break a mesh, or need
other settings, start their own:

    async with running_mesh(tmp_path, CHATLY_AUTH_ACCESS_TOKEN_SECONDS="10") as mesh:
        httpx.get(f"{mesh.url}/healthz")            # REST, gRPC-web and gRPC, all on one port
        grpc.aio.insecure_channel(mesh.edge)        # gRPC through Envoy
        grpc.aio.insecure_channel(mesh.grpc["messaging"])   # directly to a service
        mesh.kill()                                 # SIGKILL, as a crash; then, on the same data and ports:
        await mesh.start()

The output is shown if the mesh does not start, and is in `mesh.output()`. On the real engines each node of each service
is a process: `nodes` sets their number, `engine_settings` (see `real_engines.py`) the engines.
"""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from mesh.services import SERVICES
from tests.ports import free_ports

EMBEDDED = pytest.mark.parametrize("mesh", ["embedded"], indirect=True, scope="session")
"""For tests that prove nothing more on the real engines, or inspect the embedded process."""

HOST = "127.0.0.1"

_READY = "Chatly is ready at"
# Six processes that open their engines at once, on two busy cores, may need most of it.
_START_SECONDS = 240.0
_STOP_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of one mesh."""

    edge: int
    tls: int
    admin: int
    web: int
    grpc: Mapping[str, list[int]]
    http: Mapping[str, list[int]]


class Mesh:
    """One mesh: data and ports stay the same over restarts. Addresses are `host:port`."""

    def __init__(self, folder: Path, environ: Mapping[str, str], nodes: Mapping[str, int] | None = None) -> None:
        """`nodes`: nodes per service on the real engines; 1 for services that are not named."""
        ports = _free_ports(nodes or {})
        self.data_dir = folder / "data"
        self.edge = f"{HOST}:{ports.edge}"
        """gRPC, gRPC-web and REST without TLS."""
        self.tls = f"{HOST}:{ports.tls}"
        """The same with TLS, with the certificate below."""
        self.url = f"http://{self.edge}"
        self.tls_url = f"https://{self.tls}"
        self.certificate = self.data_dir / "secrets" / "tls.crt"
        self.admin_url = f"http://{HOST}:{ports.admin}"
        """Envoy's admin page."""
        self.grpc_nodes = _addresses(ports.grpc)
        """gRPC address of each node of each service, without the edge."""
        self.grpc = {name: addresses[0] for name, addresses in self.grpc_nodes.items()}
        """gRPC address of the first node of each service."""
        self.http_nodes = _addresses(ports.http)
        """Addresses of /metrics and /healthz of each node."""
        self.http = {name: addresses[0] for name, addresses in self.http_nodes.items()}
        self._log = folder / "mesh.log"
        self.environ = _environment(ports, self.data_dir, environ)
        """Environment for other `chatly` commands on this mesh."""
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Return once it serves; raise RuntimeError with its output."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        said_before = len(self.output())
        self._process = _spawn(self.environ, self._log)
        deadline = time.monotonic() + _START_SECONDS
        while _READY not in self.output()[said_before:]:
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"the mesh did not start:\n{self.output()[said_before:]}")
            await asyncio.sleep(0.05)

    async def stop(self) -> int:
        """End it as Ctrl-C does, and return its exit code; raise TimeoutExpired if it does not end."""
        process = self._running()
        process.send_signal(signal.SIGINT)
        return await asyncio.to_thread(process.wait, _STOP_SECONDS)

    def kill(self) -> None:
        """Send SIGKILL, and return once it and its Envoy are gone."""
        process = self._running()
        process.kill()
        process.wait()
        while _listens(self.edge):
            time.sleep(0.01)

    def output(self) -> str:
        """Return the output since the first start."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @property
    def pid(self) -> int:
        """Return the id of the Python process; Envoy, and on the real engines the nodes, are its children."""
        return self._running().pid

    def node_pid(self, name: str) -> int:
        """Return the id of the newest process of that name, e.g. `messaging-2`, on the real engines."""
        found = re.findall(rf"^  {name} .*\(process (\d+)\)$", self.output(), re.MULTILINE)
        return int(found[-1])

    def logs(self) -> str:
        """Return the logs of the command and its nodes."""
        files = sorted((self.data_dir / "logs").glob("*.log"))
        return self.output() + "".join(file.read_text(errors="replace") for file in files)

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the mesh was not started")
        return self._process


@asynccontextmanager
async def running_mesh(folder: Path, nodes: Mapping[str, int] | None = None, /, **environ: str) -> AsyncIterator[Mesh]:
    """Run a mesh with data and log in `folder`; `environ`: settings in addition to those of every test."""
    mesh = Mesh(folder, environ, nodes)
    await mesh.start()
    try:
        yield mesh
    finally:
        if mesh.alive:
            try:
                await mesh.stop()
            finally:
                mesh.kill()


def _spawn(environ: Mapping[str, str], output: Path) -> subprocess.Popen[bytes]:
    command = [str(Path(sys.executable).parent / "chatly"), "run"]
    with output.open("ab") as log:
        return subprocess.Popen(command, env=environ, stdout=log, stderr=log)


def _environment(ports: Ports, data_dir: Path, environ: Mapping[str, str]) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("CHATLY_", "OTEL_"))}
    ours |= {
        "CHATLY_DATA_DIR": str(data_dir),
        "CHATLY_EDGE_PORT": str(ports.edge),
        "CHATLY_EDGE_TLS_PORT": str(ports.tls),
        "CHATLY_EDGE_ADMIN_PORT": str(ports.admin),
        "CHATLY_WEB_ADDRESS": f"{HOST}:{ports.web}",
        # Tests call from one address and need fast hashes.
        "CHATLY_AUTH_BCRYPT_COST": "4",
        "CHATLY_EDGE_LOGIN_PER_MINUTE": "100000",
        "CHATLY_EDGE_REFRESH_PER_MINUTE": "100000",
        "CHATLY_EDGE_REGISTER_PER_MINUTE": "100000",
        "CHATLY_EDGE_SEND_PER_SECOND": "100000",
        "CHATLY_MESSAGING_STREAM_SENDS_PER_SECOND": "0",
        "CHATLY_EDGE_UPLOAD_PER_MINUTE": "100000",
        "CHATLY_USER_RATES": "0",
        "CHATLY_GRACE_SECONDS": "2",
    }
    for name in SERVICES:
        ours |= {
            f"CHATLY_{name.upper()}_GRPC_PORT": str(ports.grpc[name][0]),
            f"CHATLY_{name.upper()}_HTTP_PORT": str(ports.http[name][0]),
            f"CHATLY_{name.upper()}_ADDRESS": ",".join(_addresses(ports.grpc)[name]),
            f"CHATLY_{name.upper()}_HTTP_ADDRESS": ",".join(_addresses(ports.http)[name]),
        }
    return ours | dict(environ)


def _addresses(ports: Mapping[str, list[int]]) -> dict[str, list[str]]:
    return {name: [f"{HOST}:{port}" for port in each] for name, each in ports.items()}


def _free_ports(nodes: Mapping[str, int]) -> Ports:
    free = free_ports()
    grpc, http = ({name: [next(free) for _ in range(nodes.get(name, 1))] for name in SERVICES} for _ in range(2))
    return Ports(
        edge=next(free),
        tls=next(free),
        admin=next(free),
        web=next(free),
        grpc=grpc,
        http=http,
    )


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0

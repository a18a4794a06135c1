"""The whole mesh as people run it: `chatly run` in a process of its own, with Envoy, on free ports of the loopback.

Most tests use the fixture `mesh`: one for the whole session, so use accounts with names of your own. Tests that break a
mesh, or need other settings, start theirs:

    async with running_mesh(tmp_path, CHATLY_AUTH_ACCESS_TOKEN_SECONDS="10") as mesh:
        httpx.get(f"{mesh.url}/healthz")            # REST, gRPC-web and gRPC, all on one port
        grpc.aio.insecure_channel(mesh.edge)        # gRPC through Envoy
        grpc.aio.insecure_channel(mesh.grpc["messaging"])   # straight to a service
        mesh.kill()                                 # SIGKILL, as a crash; then, on the same data and ports:
        await mesh.start()

What it said is shown when it does not start, and is in `mesh.output()`.
"""

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

SERVICES = ("auth", "messaging", "presence", "media", "persister")
HOST = "127.0.0.1"

_READY = "Chatly is ready at"
_START_SECONDS = 120.0
_STOP_SECONDS = 20.0
# Below the ports that the kernel lends to outgoing connections: nobody takes one while its mesh is dead.
_PORTS = range(20_000, 32_000)


@dataclass(frozen=True, slots=True)
class Ports:
    """Where everything of one mesh listens."""

    edge: int
    tls: int
    admin: int
    web: int
    grpc: Mapping[str, int]
    http: Mapping[str, int]


class Mesh:
    """One mesh: its data and its ports stay the same over restarts. Addresses are `host:port`."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        ports = _free_ports()
        self.data_dir = folder / "data"
        self.edge = f"{HOST}:{ports.edge}"
        """gRPC, gRPC-web and REST without TLS."""
        self.tls = f"{HOST}:{ports.tls}"
        """The same with TLS, by the certificate below."""
        self.url = f"http://{self.edge}"
        self.tls_url = f"https://{self.tls}"
        self.certificate = self.data_dir / "secrets" / "tls.crt"
        self.admin_url = f"http://{HOST}:{ports.admin}"
        """Envoy's own page."""
        self.grpc = {name: f"{HOST}:{port}" for name, port in ports.grpc.items()}
        """Each service's gRPC, past the edge."""
        self.http = {name: f"{HOST}:{port}" for name, port in ports.http.items()}
        """Each service's /metrics and /healthz."""
        self._log = folder / "mesh.log"
        self.environ = _environment(ports, self.data_dir, environ)
        """For other commands of `chatly` that concern this mesh."""
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Return once it serves; raises RuntimeError with all it said."""
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
        """End it as Ctrl-C does, and return its exit code; raises TimeoutExpired if it does not end."""
        process = self._running()
        process.send_signal(signal.SIGINT)
        return await asyncio.to_thread(process.wait, _STOP_SECONDS)

    def kill(self) -> None:
        """SIGKILL, and return once neither it nor its Envoy is there."""
        process = self._running()
        process.kill()
        process.wait()
        while _listens(self.edge):
            time.sleep(0.01)

    def output(self) -> str:
        """What it said, since its first start."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @property
    def pid(self) -> int:
        """Of the Python process; Envoy is its child."""
        return self._running().pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the mesh was not started")
        return self._process


@asynccontextmanager
async def running_mesh(folder: Path, **environ: str) -> AsyncIterator[Mesh]:
    """A mesh with its data and log in `folder`; `environ` are settings beside those of every test."""
    mesh = Mesh(folder, environ)
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
        # Tests come from one address and are in a hurry.
        "CHATLY_AUTH_BCRYPT_COST": "4",
        "CHATLY_EDGE_LOGIN_PER_MINUTE": "100000",
        "CHATLY_EDGE_REGISTER_PER_MINUTE": "100000",
        "CHATLY_EDGE_SEND_PER_SECOND": "100000",
        "CHATLY_EDGE_UPLOAD_PER_MINUTE": "100000",
        "CHATLY_GRACE_SECONDS": "2",
    }
    for name in SERVICES:
        ours |= {
            f"CHATLY_{name.upper()}_GRPC_PORT": str(ports.grpc[name]),
            f"CHATLY_{name.upper()}_HTTP_PORT": str(ports.http[name]),
            f"CHATLY_{name.upper()}_ADDRESS": f"{HOST}:{ports.grpc[name]}",
            f"CHATLY_{name.upper()}_HTTP_ADDRESS": f"{HOST}:{ports.http[name]}",
        }
    return ours | dict(environ)


def free_ports() -> Iterator[int]:
    """Ports that nobody has, and that nobody takes by chance."""
    return (port for port in random.sample(_PORTS, len(_PORTS)) if _is_free(port))


def _free_ports() -> Ports:
    free = free_ports()
    return Ports(
        edge=next(free),
        tls=next(free),
        admin=next(free),
        web=next(free),
        grpc={name: next(free) for name in SERVICES},
        http={name: next(free) for name in SERVICES},
    )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0

"""A whole mesh as a person starts it: `chatly run`, a process of its own, on free ports, with data of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

SERVICES = ("auth", "messaging", "presence", "media", "persister")
CORS_ORIGIN = "https://chat.example.org"
LOGINS_PER_MINUTE = 300

_START_SECONDS = 90.0
_STOP_SECONDS = 30.0
_CHATLY = Path(sys.executable).parent / "chatly"


@dataclass(frozen=True, slots=True)
class Command:
    """What a command of `chatly` said and how it ended."""

    exit_code: int
    output: str


@dataclass(frozen=True, kw_only=True)
class Installation:
    """A data folder and ports: what a mesh keeps from one start to the next."""

    data_dir: Path
    ports: Mapping[str, int]
    environ: Mapping[str, str]

    @property
    def http(self) -> str:
        """The edge without TLS, as in `http://127.0.0.1:1234`."""
        return f"http://{self.edge}"

    @property
    def https(self) -> str:
        return f"https://127.0.0.1:{self.ports['EDGE_TLS']}"

    @property
    def edge(self) -> str:
        """`host:port` of the edge, for gRPC."""
        return f"127.0.0.1:{self.ports['EDGE']}"

    @property
    def certificate(self) -> Path:
        """What clients that speak TLS must trust."""
        return self.data_dir / "secrets" / "edge.crt"

    def address(self, service: str) -> str:
        """`host:port` of a service's own gRPC, past the edge."""
        return f"127.0.0.1:{self.ports[f'{service.upper()}_GRPC']}"

    def door(self, service: str) -> str:
        """A service's own HTTP door, past the edge."""
        return f"http://127.0.0.1:{self.ports[f'{service.upper()}_HTTP']}"

    def chatly(self, *arguments: str) -> Command:
        """Run a command of `chatly` to its end."""
        done = subprocess.run(  # noqa: S603
            [_CHATLY, *arguments], env=dict(self.environ), capture_output=True, text=True, timeout=120, check=False
        )
        return Command(done.returncode, done.stdout + done.stderr)


class Running:
    """A process of an installation, and what it said so far."""

    def __init__(self, installation: Installation, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.installation = installation
        self.process = process
        self._log = log

    @property
    def said(self) -> str:
        """Everything on its standard output and error."""
        return self._log.read_text(errors="replace")

    def until_it_says(self, text: str) -> None:
        """Wait for some words; fails when it ends or takes too long."""
        wait_until(lambda: text in self.said or self.process.poll() is not None, f"{text!r} was not said")
        assert text in self.said, self.said

    def stop(self, number: int = signal.SIGINT) -> int:
        """Ask it to end; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(_STOP_SECONDS)


def an_installation(folder: Path, **environ: str) -> Installation:
    """A new one in this folder; `environ` may set further variables."""
    names = [f"{service.upper()}_{kind}" for service in SERVICES for kind in ("GRPC", "HTTP")]
    ports = dict(zip([*names, "EDGE", "EDGE_TLS", "EDGE_ADMIN", "WEB"], free_ports(len(names) + 4), strict=True))
    variables = {f"CHATLY_{name}_PORT": str(port) for name, port in ports.items() if name != "WEB"}
    for service in map(str.upper, SERVICES):
        variables[f"CHATLY_{service}_ADDRESS"] = f"127.0.0.1:{ports[f'{service}_GRPC']}"
        variables[f"CHATLY_{service}_HTTP_ADDRESS"] = f"127.0.0.1:{ports[f'{service}_HTTP']}"
    return Installation(
        data_dir=folder,
        ports=ports,
        environ={
            **{name: value for name, value in os.environ.items() if not name.startswith("CHATLY_")},
            **variables,
            "CHATLY_WEB_ADDRESS": f"127.0.0.1:{ports['WEB']}",
            "CHATLY_DATA_DIR": str(folder),
            # The real cost of a password would be most of the tests' time.
            "CHATLY_AUTH_BCRYPT_COST": "4",
            "CHATLY_EDGE_REGISTER_PER_MINUTE": "2000",
            "CHATLY_EDGE_LOGIN_PER_MINUTE": str(LOGINS_PER_MINUTE),
            "CHATLY_EDGE_CORS_ORIGINS": CORS_ORIGIN,
            **environ,
        },
    )


@contextmanager
def started(installation: Installation, *arguments: str, ready: str) -> Iterator[Running]:
    """`chatly` with these arguments, from the words that say it is ready to its end."""
    installation.data_dir.mkdir(parents=True, exist_ok=True)
    log = installation.data_dir / f"{arguments[0]}.said"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603
            [_CHATLY, *arguments], env=dict(installation.environ), stdout=output, stderr=subprocess.STDOUT
        )
    running = Running(installation, process, log)
    try:
        running.until_it_says(ready)
        yield running
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def running_mesh(installation: Installation) -> Iterator[Running]:
    """`chatly run`, ready."""
    with started(installation, "run", ready="Chatly is ready") as running:
        yield running


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [listener.getsockname()[1] for listener in sockets]


def wait_until(condition: Callable[[], bool], complaint: str, *, seconds: float = _START_SECONDS) -> None:
    """Return once it holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, complaint
        time.sleep(0.05)

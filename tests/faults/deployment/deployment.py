"""All parts of a run: engines, services and edges, in a private network."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.deployment.engines import engine_parts, engine_settings
from tests.faults.deployment.network import Network
from tests.faults.deployment.part import Part
from tests.faults.deployment.replication import cassandra_is_whole, kafka_is_whole
from tests.faults.deployment.services import EACH, EDGE_PORT, grpc_address, service_parts

_WHOLE_SECONDS = 120.0
_LOOK_SECONDS = 0.5
_MIGRATIONS = 3
"""Number of attempts; each has its own timeout."""
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """Yielded in a healthy state. The schedule decides on faults."""

    network: Network
    parts: Mapping[str, Part]
    environ: Mapping[str, str]
    """Settings by which a command finds the engines."""

    @property
    def edges(self) -> tuple[str, ...]:
        """`host:port` of each edge."""
        return tuple(f"{self.network.host(f'edge-{number}')}:{EDGE_PORT}" for number in range(1, EACH + 1))

    def grpc(self, service: str) -> dict[str, str]:
        """`host:port` of each node of a service, bypassing the edge."""
        return {f"{service}-{number}": grpc_address(self.network, service, number) for number in range(1, EACH + 1)}

    def wait_until_whole(self, *, seconds: float = _WHOLE_SECONDS) -> None:
        """Return once every part serves and the clusters have all replicas. Raise TimeoutError that names the parts
        that do not.
        """
        deadline = time.monotonic() + seconds
        for part in self.parts.values():
            part.wait(max(1.0, deadline - time.monotonic()))
        for engine, is_whole in (("kafka", kafka_is_whole), ("cassandra", cassandra_is_whole)):
            nodes = [part.node for name, part in self.parts.items() if name.startswith(engine)]
            while not is_whole(nodes):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{engine} has not all its replicas after {seconds:.0f} s")
                time.sleep(_LOOK_SECONDS)


@contextmanager
def running_deployment(network: Network, folder: Path, say: Say) -> Iterator[Deployment]:
    """Start all parts and yield once all serve. Kill them at the end: nobody needs their data."""
    began = time.monotonic()
    engines = {part.name: part for part in engine_parts(network, folder / "engines")}
    environ = engine_settings(engines)
    services = {part.name: part for part in service_parts(network, folder / "services", environ)}
    deployment = Deployment(network=network, parts={**engines, **services}, environ=environ)
    started: list[Part] = []
    try:
        _start(engines, started)
        for part in engines.values():
            part.wait()
        say(f"engines after {time.monotonic() - began:.0f} s")
        _migrate(folder, environ)
        _start(services, started)
        deployment.wait_until_whole()
        say(f"services and edges after {time.monotonic() - began:.0f} s")
        yield deployment
    finally:
        with ThreadPoolExecutor(len(started) or 1) as threads:
            list(threads.map(Part.kill, started))


def _migrate(folder: Path, environ: Mapping[str, str]) -> None:
    """Create the tables once, like a deployment: ten services that create them at the same time would block each
    other.
    """
    with (folder / "migrate.log").open("wb") as log:
        command = [sys.executable, "-m", "mesh", "migrate"]
        for _ in range(_MIGRATIONS):
            done = subprocess.run(command, env={**os.environ, **environ}, stdout=log, stderr=log, check=False)
            if done.returncode == 0:
                return
    raise RuntimeError(f"the tables could not be created; see {log.name}")


def _start(parts: Mapping[str, Part], started: list[Part]) -> None:
    """All at once, except those that need another part first."""
    for part in parts.values():
        if part.node.after is not None:
            parts[part.node.after].wait()
        part.start()
        started.append(part)

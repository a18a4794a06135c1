"""Envoy as a child process."""

import asyncio
import ctypes
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from mesh.edge.config import EdgeSettings, render
from mesh.edge.http_get import http_get

_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_PR_SET_PDEATHSIG = 1
_FETCHED = re.compile(r"jwks_fetch_success: [1-9]")


class EdgeFailedError(Exception):
    """Envoy did not start, or ended; the text says why, as far as Envoy said it."""


class Edge:
    """A running Envoy."""

    def __init__(self, process: asyncio.subprocess.Process, edge: EdgeSettings, log: Path) -> None:
        self._process = process
        self._edge = edge
        self._log = log

    async def ready(self) -> None:
        """Return once calls get through: every service is healthy, and auth's keys are known."""
        deadline = asyncio.get_running_loop().time() + _START_SECONDS
        while not await self._answers():
            if self._process.returncode is not None:
                raise self._ended()
            if asyncio.get_running_loop().time() > deadline:
                raise EdgeFailedError(f"Envoy did not become ready in {_START_SECONDS:.0f} s: see {self._log}")
            await asyncio.sleep(0.05)

    async def watch(self) -> None:
        """A background loop: raise when Envoy ends by itself."""
        await self._process.wait()
        raise self._ended()

    async def _answers(self) -> bool:
        healthy = await http_get(self._edge.host, self._edge.port, "/healthz")
        if healthy is None:
            return False
        stats = await http_get("127.0.0.1", self._edge.admin_port, "/stats?filter=jwks_fetch_success")
        return stats is not None and _FETCHED.search(stats) is not None

    def _ended(self) -> EdgeFailedError:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        said = lines[-1] if lines else "it said nothing"
        return EdgeFailedError(f"Envoy ended with status {self._process.returncode}: {said}")


@asynccontextmanager
async def running_envoy(edge: EdgeSettings, folder: Path) -> AsyncIterator[Edge]:
    """Envoy from its start to its end. Its configuration and logs are in `folder`."""
    configuration, log = _write_configuration(edge, folder), folder / "envoy.log"
    with log.open("wb") as errors, (folder / "access.log").open("ab") as access:
        process = await asyncio.create_subprocess_exec(
            *envoy_command(configuration, edge.concurrency),
            stdout=access,
            stderr=errors,
            # Ctrl-C is for us: Envoy goes last, after the services have drained.
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        try:
            yield Edge(process, edge, log)
        finally:
            await _stop(process)


def envoy_command(configuration: Path, concurrency: int) -> list[str]:
    """How Envoy is started; the binary comes with the Python environment."""
    envoy = Path(sys.executable).parent / "envoy"
    options = ["--concurrency", str(concurrency), "--log-level", "warn", "--disable-hot-restart"]
    return [str(envoy), "-c", str(configuration), *options]


def _write_configuration(edge: EdgeSettings, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    configuration = folder / "envoy.yaml"
    configuration.write_text(render(edge))
    return configuration


def _die_with_parent() -> None:
    """In the child: should we be killed, Envoy must not keep the ports."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), _STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()

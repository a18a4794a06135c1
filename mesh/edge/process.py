"""Envoy as a child process."""

import asyncio
import ctypes
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from mesh.edge.config import render, render_secrets
from mesh.edge.http_get import http_get
from mesh.edge.settings import EdgeSettings

_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_PR_SET_PDEATHSIG = 1
_FETCHED = re.compile(r"jwks_fetch_success: [1-9]")


class EdgeFailedError(Exception):
    """Envoy did not start, or ended; the text says why, as far as Envoy said it."""


class Edge:
    """An Envoy that can be started. Its configuration and logs are in `folder`."""

    def __init__(self, edge: EdgeSettings, folder: Path) -> None:
        self._edge = edge
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Return once calls get through: every service is healthy, and auth's keys are known."""
        self._process = await self._spawn()
        deadline = asyncio.get_running_loop().time() + _START_SECONDS
        while not await self._lets_through():
            if self._process.returncode is not None:
                raise self._ended()
            if asyncio.get_running_loop().time() > deadline:
                raise EdgeFailedError(f"Envoy did not become ready in {_START_SECONDS:.0f} s: see {self._folder}")
            await asyncio.sleep(0.05)

    async def watch(self) -> None:
        """A background loop, once started: raise when Envoy ends by itself."""
        if self._process is not None:
            await self._process.wait()
            raise self._ended()

    async def stop(self) -> None:
        """Nothing happens where it does not run."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _spawn(self) -> asyncio.subprocess.Process:
        configuration = write_configuration(self._edge, self._folder)
        with self._log.open("wb") as errors, (self._folder / "access.log").open("ab") as access:
            return await asyncio.create_subprocess_exec(
                *envoy_command(configuration, self._edge.concurrency),
                stdout=access,
                stderr=errors,
                # Ctrl-C is for us: Envoy goes last, after the services have drained.
                start_new_session=True,
                preexec_fn=die_with_parent,
            )

    async def _lets_through(self) -> bool:
        if await http_get(self._edge.host, self._edge.port, "/healthz") is None:
            return False
        stats = await http_get("127.0.0.1", self._edge.admin_port, "/stats?filter=jwks_fetch_success")
        return stats is not None and _FETCHED.search(stats) is not None

    @property
    def _log(self) -> Path:
        return self._folder / "envoy.log"

    def _ended(self) -> EdgeFailedError:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        status = self._process.returncode if self._process else None
        return EdgeFailedError(f"Envoy ended with status {status}: {lines[-1] if lines else 'it said nothing'}")


@asynccontextmanager
async def stopped_at_the_end(edge: EdgeSettings, folder: Path) -> AsyncIterator[Edge]:
    """An Envoy to be started within the block."""
    envoy = Edge(edge, folder)
    try:
        yield envoy
    finally:
        await envoy.stop()


def envoy_command(configuration: Path, concurrency: int) -> list[str]:
    """How Envoy is started; the binary comes with the Python environment."""
    envoy = Path(sys.executable).parent / "envoy"
    options = ["--concurrency", str(concurrency), "--log-level", "warn", "--disable-hot-restart"]
    return [str(envoy), "-c", str(configuration), *options]


def write_configuration(edge: EdgeSettings, folder: Path) -> Path:
    """Envoy's configuration, and beside it the files by which it watches certificates; the former's path."""
    folder.mkdir(parents=True, exist_ok=True)
    configuration = folder / "envoy.yaml"
    configuration.write_text(render(edge, secrets=folder.absolute()))
    for name, content in render_secrets(edge).items():
        (folder / name).write_text(content)
    return configuration


def die_with_parent() -> None:
    """In the child, before its program starts: should we be killed, it must not keep its ports."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

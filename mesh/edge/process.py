"""Envoy as a child process."""

import asyncio
import ctypes
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from kernel.sockets import address
from mesh.addresses import LOOPBACK, Addresses
from mesh.edge.config import render, render_secrets
from mesh.edge.settings import EdgeSettings
from mesh.health import http_get

_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_PR_SET_PDEATHSIG = 1
_FETCHED = re.compile(r"jwks_fetch_success: [1-9]")


class EdgeFailedError(Exception):
    """Envoy did not start, or it ended. The text has the last line of Envoy's log, or the folder of the log."""


class Edge:
    """An Envoy process. Its configuration and logs are in `folder`."""

    def __init__(self, edge: EdgeSettings, addresses: Addresses, folder: Path) -> None:
        self._edge = edge
        self._addresses = addresses
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start Envoy and return once it accepts calls: every service is healthy, and Envoy has auth's public keys.

        Raise EdgeFailedError if Envoy ends, or is not ready in time.
        """
        self._process = await self._spawn()
        deadline = asyncio.get_running_loop().time() + _START_SECONDS
        while not await self._accepts_calls():
            if self._process.returncode is not None:
                raise self._ended()
            if asyncio.get_running_loop().time() > deadline:
                raise EdgeFailedError(f"Envoy did not become ready in {_START_SECONDS:.0f} s: see {self._folder}")
            await asyncio.sleep(0.05)

    async def watch(self) -> None:
        """Wait until Envoy ends, then raise EdgeFailedError. Return at once if Envoy was not started."""
        if self._process is not None:
            await self._process.wait()
            raise self._ended()

    async def stop(self) -> None:
        """Stop Envoy if it runs."""
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
        configuration = write_configuration(self._edge, self._addresses, self._folder)
        with self._log.open("wb") as errors, (self._folder / "access.log").open("ab") as access:
            return await asyncio.create_subprocess_exec(
                *envoy_command(configuration, self._edge.concurrency),
                stdout=access,
                stderr=errors,
                # Ctrl-C must not reach Envoy, because Envoy stops last, after the services have drained.
                start_new_session=True,
                preexec_fn=die_with_parent,
            )

    async def _accepts_calls(self) -> bool:
        if await http_get(f"http://{address(self._edge.host, self._edge.port)}/healthz") is None:
            return False
        stats = await http_get(f"http://{LOOPBACK}:{self._edge.admin_port}/stats?filter=jwks_fetch_success")
        return stats is not None and _FETCHED.search(stats) is not None

    @property
    def _log(self) -> Path:
        return self._folder / "envoy.log"

    def _ended(self) -> EdgeFailedError:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        status = self._process.returncode if self._process else None
        return EdgeFailedError(f"Envoy ended with status {status}: {lines[-1] if lines else 'its log is empty'}")


@asynccontextmanager
async def stopped_at_the_end(edge: EdgeSettings, addresses: Addresses, folder: Path) -> AsyncIterator[Edge]:
    """Yield an Envoy that the block may start. Stop Envoy when the block ends."""
    envoy = Edge(edge, addresses, folder)
    try:
        yield envoy
    finally:
        await envoy.stop()


def envoy_command(configuration: Path, concurrency: int) -> list[str]:
    """Return the command line of Envoy. The binary is in the Python environment."""
    envoy = Path(sys.executable).parent / "envoy"
    options = ["--concurrency", str(concurrency), "--log-level", "warn", "--disable-hot-restart"]
    return [str(envoy), "-c", str(configuration), *options]


def write_configuration(edge: EdgeSettings, addresses: Addresses, folder: Path) -> Path:
    """Write Envoy's configuration, and the files through which Envoy watches certificates.

    Return the configuration's path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    configuration = folder / "envoy.yaml"
    configuration.write_text(render(edge, addresses, secrets=folder.absolute()))
    for name, content in render_secrets(edge).items():
        (folder / name).write_text(content)
    return configuration


def die_with_parent() -> None:
    """Make the kernel kill this child process if its parent dies. The child calls this before its program starts."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

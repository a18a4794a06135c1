"""Envoy as a child process."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from kernel.retry import Backoff, repeat
from kernel.runner import background
from kernel.sockets import address
from kernel.telemetry.logs import logger
from mesh.addresses import LOOPBACK, Addresses
from mesh.child import Child
from mesh.edge.access_log import AccessLog
from mesh.edge.config import render, render_secrets
from mesh.edge.settings import EdgeSettings
from mesh.health import http_get, http_post

_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_ROTATE_SECONDS = 60.0
_RESTARTS = Backoff(first=0.2, longest=30.0)
_STEADY_SECONDS = 60.0
"""After this time without an end, the next pause is a short one again."""
_FETCHED = re.compile(r"jwks_fetch_success: [1-9]")
_log = logger("edge")


class EdgeFailedError(Exception):
    """Envoy did not start, or it ended. The text has the last line of Envoy's log, or the folder of the log."""


class Edge:
    """An Envoy process. Its configuration and logs are in `folder`."""

    def __init__(self, edge: EdgeSettings, addresses: Addresses, folder: Path) -> None:
        self._edge = edge
        self._addresses = addresses
        self._folder = folder
        self._access_log = AccessLog(folder, days=edge.access_log_days, max_bytes=edge.access_log_bytes)
        self._process: Child | None = None

    async def start(self) -> None:
        """Start Envoy and return once it accepts calls: every service is healthy, and Envoy has auth's public keys.

        Raise EdgeFailedError if Envoy ends, or is not ready in time.
        """
        self._process = self._spawn()
        deadline = asyncio.get_running_loop().time() + _START_SECONDS
        while not await self._accepts_calls():
            if self._process.status is not None:
                raise self._ended()
            if asyncio.get_running_loop().time() > deadline:
                raise EdgeFailedError(f"Envoy did not become ready in {_START_SECONDS:.0f} s: see {self._folder}")
            await asyncio.sleep(0.05)

    async def watch(self) -> None:
        """Rotate the access log, and restart Envoy whenever it ends, until cancelled."""
        async with background({"access log": self._rotate_access_log}):
            await self._keep_running()

    async def _keep_running(self) -> None:
        clock = asyncio.get_running_loop().time
        pauses = _RESTARTS.pauses()
        while True:
            started = clock()
            if self._process is not None:
                await self._process.wait()
            if clock() - started > _STEADY_SECONDS:
                pauses = _RESTARTS.pauses()
            pause = next(pauses)
            _log.error(
                "Envoy ended and is restarted",
                problem=str(self._ended()),
                pause_seconds=round(pause, 1),
                remedy=f"If this repeats, see {self._error_log}.",
            )
            await asyncio.sleep(pause)
            try:
                self._process = self._spawn()
            except OSError as error:
                _log.error("cannot start Envoy", problem=str(error), remedy="Check the space and rights of the folder.")

    async def stop(self) -> None:
        """Stop Envoy if it runs."""
        if self._process is not None:
            await self._process.stop(seconds=_STOP_SECONDS)

    def _spawn(self) -> Child:
        access_log = self._access_log.path.absolute()
        configuration = write_configuration(self._edge, self._addresses, self._folder, access_log=access_log)
        with self._error_log.open("wb") as errors:
            return Child.start(envoy_command(configuration, self._edge.concurrency), output=errors)

    async def _accepts_calls(self) -> bool:
        if await http_get(f"http://{address(self._edge.host, self._edge.port)}/healthz") is None:
            return False
        stats = await http_get(f"{self._admin_url}/stats?filter=jwks_fetch_success")
        return stats is not None and _FETCHED.search(stats) is not None

    async def _rotate_access_log(self) -> None:
        await repeat(self._rotate, seconds=_ROTATE_SECONDS, report=_report, is_temporary=_is_os_error)

    async def _rotate(self) -> None:
        now = datetime.now(UTC)
        self._access_log.rotate(now)
        # Also if an earlier request failed: Envoy would write to the renamed file until it is asked again.
        if not self._access_log.path.exists():
            await http_post(f"{self._admin_url}/reopen_logs")
        self._access_log.remove_old(now)

    @property
    def _admin_url(self) -> str:
        return f"http://{LOOPBACK}:{self._edge.admin_port}"

    @property
    def _error_log(self) -> Path:
        return self._folder / "envoy.log"

    def _ended(self) -> EdgeFailedError:
        lines = self._error_log.read_text(errors="replace").strip().splitlines()
        status = self._process.status if self._process else None
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


def write_configuration(
    edge: EdgeSettings, addresses: Addresses, folder: Path, *, access_log: Path | None = None
) -> Path:
    """Write Envoy's configuration, and the files through which Envoy watches certificates.

    Envoy writes its access log to this file, or to its standard output. Return the configuration's path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    configuration = folder / "envoy.yaml"
    configuration.write_text(render(edge, addresses, secrets=folder.absolute(), access_log=access_log))
    for name, content in render_secrets(edge).items():
        (folder / name).write_text(content)
    return configuration


def _is_os_error(error: Exception) -> bool:
    return isinstance(error, OSError)


def _report(error: Exception) -> None:
    _log.warning("cannot rotate the access log", problem=str(error), remedy="Check the space and rights of the folder.")

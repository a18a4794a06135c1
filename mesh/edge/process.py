"""Envoy as a child process."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from mesh.edge.config import EdgeSettings, render

_START_SECONDS = 20.0
_STOP_SECONDS = 10.0


class EdgeFailedError(Exception):
    """Envoy did not start; the text says why, as far as Envoy said it."""


@asynccontextmanager
async def running_envoy(edge: EdgeSettings, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Envoy, answering /healthz. Its configuration and logs are in `folder`; it ends with the block."""
    configuration, log = _write_configuration(edge, folder), folder / "envoy.log"
    with log.open("ab") as errors, (folder / "access.log").open("ab") as access:
        process = await asyncio.create_subprocess_exec(
            *envoy_command(configuration, edge.concurrency),
            stdout=access,
            stderr=errors,
            # Ctrl-C is for us: Envoy goes last, after the services have drained.
            start_new_session=True,
        )
        try:
            await _answering(process, edge, log)
            yield process
        finally:
            await _stop(process)


def _write_configuration(edge: EdgeSettings, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    configuration = folder / "envoy.yaml"
    configuration.write_text(render(edge))
    return configuration


def envoy_command(configuration: Path, concurrency: int) -> list[str]:
    """How Envoy is started; the binary comes with the Python environment."""
    envoy = Path(sys.executable).parent / "envoy"
    options = ["--concurrency", str(concurrency), "--log-level", "warn", "--disable-hot-restart"]
    return [str(envoy), "-c", str(configuration), *options]


async def _answering(process: asyncio.subprocess.Process, edge: EdgeSettings, log: Path) -> None:
    deadline = asyncio.get_running_loop().time() + _START_SECONDS
    while not await answers_ok(edge.host, edge.port, "/healthz"):
        if process.returncode is not None:
            raise EdgeFailedError(f"Envoy ended with {process.returncode}: {last_line(log)}")
        if asyncio.get_running_loop().time() > deadline:
            raise EdgeFailedError(f"Envoy did not become healthy in {_START_SECONDS:.0f} s: see {log}")
        await asyncio.sleep(0.05)


async def answers_ok(host: str, port: int, path: str) -> bool:
    """Whether a plain HTTP GET is answered with 200."""
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), 2)
    except OSError:
        return False
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        first = await asyncio.wait_for(reader.readline(), 2)
    except OSError:
        return False
    else:
        return b" 200 " in first
    finally:
        writer.close()


def last_line(log: Path) -> str:
    """The last thing that was logged."""
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), _STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()

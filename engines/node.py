"""One server process: starts it, waits for it, checks it and stops it. Knows no particular engine."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import psutil

_STOP_SECONDS = 30.0
# The index of the start time in /proc/<pid>/stat, from the field after the name.
_START_TICKS = 19


class EngineError(Exception):
    """An engine cannot be started. The text says why and names the log file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """How to start one server, and its address."""

    name: str
    """Name of the engine and the node, for example `kafka-1`."""
    address: str
    """`host:port` for clients. The node is ready when it accepts connections."""
    command: tuple[str, ...]
    folder: Path
    """Folder for data, configuration and log."""
    environment: Mapping[str, str] = field(default_factory=dict)
    after: str | None = None
    """Name of the node that must be ready before this one starts."""

    @property
    def log(self) -> Path:
        return self.folder / "server.log"


@dataclass(frozen=True, slots=True)
class Running:
    """A started node. The start time is compared because the system may reuse a process ID."""

    pid: int
    started: float
    """Start time of the process in seconds since the system booted."""

    @classmethod
    def of(cls, pid: int) -> Self:
        return cls(pid, _started(pid))

    def alive(self) -> bool:
        try:
            if _started(self.pid) != self.started:
                return False
            process = psutil.Process(self.pid)
            # The first thread may have exited while other threads still hold the ports.
            return process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1
        except (FileNotFoundError, ProcessLookupError, psutil.NoSuchProcess):
            return False


def start(node: Node) -> Running:
    """Start a node in its own session, so that it outlives this process. Call `wait_until_ready` next."""
    if _accepts(node.address):
        raise EngineError(f"{node.address}, the address of {node.name}, is used by another program")
    node.folder.mkdir(parents=True, exist_ok=True)
    with node.log.open("ab") as log:
        process = subprocess.Popen(
            node.command,
            cwd=node.folder,
            env={**os.environ, **node.environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    # Without this, the object warns when it is collected while its process runs.
    process.returncode = 0
    return Running.of(process.pid)


def wait_until_ready(node: Node, running: Running, *, seconds: float) -> None:
    """Return once the node accepts connections. Raise EngineError if it exits before, or takes too long."""
    deadline = time.monotonic() + seconds
    while not _accepts(node.address):
        if not running.alive():
            raise EngineError(f"{node.name} exited while it was starting; see {node.log}")
        if time.monotonic() > deadline:
            raise EngineError(f"{node.name} does not answer at {node.address} after {seconds:.0f} s; see {node.log}")
        time.sleep(0.1)


def stop(running: Running, *, kill: bool = False) -> None:
    """Stop a node and wait until it has exited. `kill`: at once, as a power cut does. Does nothing if it has exited
    already.
    """
    if not running.alive():
        return
    os.kill(running.pid, signal.SIGKILL if kill else signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while running.alive():
        if time.monotonic() > deadline:
            os.kill(running.pid, signal.SIGKILL)
        _reap(running.pid)
        time.sleep(0.05)


def _started(pid: int) -> float:
    """Return the start time of a process. psutil adds the time of the boot, which changes when the clock is set."""
    stat = Path(f"/proc/{pid}/stat").read_text()
    # The second field is the name in parentheses, which may contain spaces.
    return int(stat.rpartition(")")[2].split()[_START_TICKS]) / os.sysconf("SC_CLK_TCK")


def _accepts(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=1):
            return True
    except OSError:
        return False


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return  # not a child of this process

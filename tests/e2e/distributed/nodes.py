"""Helpers for tests of several nodes."""

import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import grpc

from tests.e2e.mesh import Mesh
from tests.waiting import eventually

BACK_SECONDS = 60.0


@asynccontextmanager
async def channels(mesh: Mesh, service: str) -> AsyncIterator[list[grpc.aio.Channel]]:
    """Open a channel to each node of a service, without the edge."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(grpc.aio.insecure_channel(address)) for address in mesh.grpc_nodes[service]
        ]


def kill(mesh: Mesh, name: str) -> int:
    """Send SIGKILL; return the process id."""
    pid = mesh.node_pid(name)
    os.kill(pid, signal.SIGKILL)
    return pid


@contextmanager
def hanging(mesh: Mesh, name: str) -> Iterator[None]:
    """Send SIGSTOP, and SIGCONT at the end."""
    pid = mesh.node_pid(name)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def is_back(mesh: Mesh, name: str, killed: int) -> None:
    """Wait until the command has started a new process."""
    await eventually(lambda: mesh.node_pid(name) != killed, "it is started again", seconds=BACK_SECONDS)

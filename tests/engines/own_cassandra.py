"""A Cassandra for one test, which can be killed at any time."""

import asyncio
import socket
from pathlib import Path

from engines.cassandra import cassandra_nodes
from engines.node import Running, start, stop, wait_until_ready
from engines.settings import EngineSettings

READY_SECONDS = 240


class OwnCassandra:
    """One node. A restart keeps its data."""

    def __init__(self, data: Path) -> None:
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            other.bind(("127.0.0.1", 0))
            ports = one.getsockname()[1], other.getsockname()[1]
        settings = EngineSettings(
            data=data,
            quick_start=True,
            cassandra_port=ports[0],
            cassandra_storage_port=ports[1],
            cassandra_heap="512m",
        )
        (self.node,) = cassandra_nodes(settings)
        self._running: Running | None = None

    async def start(self) -> None:
        self._running = await asyncio.to_thread(start, self.node)
        await asyncio.to_thread(wait_until_ready, self.node, self._running, seconds=READY_SECONDS)

    async def kill(self) -> None:
        """Kill it at once, as when memory runs out."""
        if self._running is not None:
            await asyncio.to_thread(stop, self._running, kill=True)

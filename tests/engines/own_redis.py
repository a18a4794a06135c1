"""Redis servers of one test, which may be stopped at will."""

import asyncio
import os
import signal
import socket
from dataclasses import replace
from pathlib import Path

from engines.node import Node, Running, start, stop, wait_until_ready
from engines.redis import redis_nodes
from engines.settings import EngineSettings
from kernel.store.redis_settings import RedisSettings

_READY_SECONDS = 20


class OwnRedis:
    """One server; on a start it has what it had, since it writes everything to a file."""

    def __init__(self, data: Path, *options: str, port: int | None = None) -> None:
        """`options`: further ones of redis-server."""
        self.port = port or free_port()
        (node,) = redis_nodes(EngineSettings(data=data / str(self.port), redis_port=self.port))
        self._node: Node = replace(node, command=(*node.command, *options))
        self._running: Running | None = None

    def settings(self, *, password: str = "", lanes: int = 1) -> RedisSettings:
        return RedisSettings(url=f"redis://{self._node.address}", password=password, lanes=lanes)

    async def start(self) -> None:
        self._running = await asyncio.to_thread(start, self._node)
        await asyncio.to_thread(wait_until_ready, self._node, self._running, seconds=_READY_SECONDS)

    def freeze(self) -> None:
        """From now on it accepts connections and answers nothing, like a machine that hangs."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._running is not None:
            os.kill(self._running.pid, number)

    async def stop(self) -> None:
        if self._running is not None:
            await asyncio.to_thread(stop, self._running, kill=True)


def free_port() -> int:
    """One whose further port for a cluster's own talk, 10,000 above, can be one too."""
    while True:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port: int = listener.getsockname()[1]
        if port < 55_000:
            return port

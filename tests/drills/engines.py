"""One node of each engine, which a drill stops, empties and starts again."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from engines.cassandra import nodetool
from engines.fleet import ENGINES
from engines.node import Running, start, stop, wait_until_ready
from tests.e2e.real_engines import engine_settings
from tests.engines.ports import small_settings
from tests.engines.running import S3Server
from tests.ports import free_ports

NAME = "drill"
"""Name of the keyspace, topic, bucket and key prefix."""
_READY_SECONDS = 400.0


class DrillEngines:
    """Kafka, Cassandra, Redis and an S3 server on free ports. `folders` are their data folders."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        settings = small_settings(folder)
        self._settings = replace(settings, cassandra_jmx_port=next(free_ports()))
        self._say = say
        self._nodes = {name: nodes(self._settings)[0] for name, nodes in ENGINES.items()}
        self._running: dict[str, Running] = {}
        self.folders = {name: node.folder for name, node in self._nodes.items()}
        self.nodetool = nodetool(self._settings)

    @property
    def s3(self) -> S3Server:
        return S3Server(
            endpoint=f"http://{self._nodes['s3'].address}",
            access_key=self._settings.s3_access_key,
            secret_key=self._settings.s3_secret_key,
        )

    def chatly(self) -> dict[str, str]:
        """Return the settings of a mesh on these engines."""
        return engine_settings(
            NAME,
            kafka=self._nodes["kafka"].address,
            cassandra=self._nodes["cassandra"].address,
            redis_url=f"redis://{self._nodes['redis'].address}",
            s3=self.s3,
        )

    async def start(self, *names: str) -> None:
        """Start these engines, or all, and return once they answer."""
        await asyncio.gather(*(self._start(name) for name in names or self._nodes))

    async def stop(self, *names: str, kill: bool = False) -> None:
        """Stop these engines, or all. `kill`: at once, as a machine that is lost."""
        for name in names or list(self._running):
            if (running := self._running.pop(name, None)) is not None:
                await asyncio.to_thread(stop, running, kill=kill)

    async def lose(self, *names: str) -> None:
        """Kill these engines, or all, and delete their data."""
        for name in names or list(self._nodes):
            await self.stop(name, kill=True)
            await asyncio.to_thread(shutil.rmtree, self.folders[name], ignore_errors=True)
            self._say(f"lost: {name}, with its data")
            # Write the configuration again, and format Kafka's storage.
            self._nodes[name] = (await asyncio.to_thread(ENGINES[name], self._settings))[0]

    @asynccontextmanager
    async def frozen(self, name: str) -> AsyncIterator[Path]:
        """Yield the data folder of an engine as a file system snapshot would show it: nothing changes in the block."""
        pid = self._running[name].pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield self.folders[name]
        finally:
            os.kill(pid, signal.SIGCONT)

    async def _start(self, name: str) -> None:
        node = self._nodes[name]
        running = self._running[name] = await asyncio.to_thread(start, node)
        await asyncio.to_thread(wait_until_ready, node, running, seconds=_READY_SECONDS)


@asynccontextmanager
async def drill_engines(folder: Path, say: Callable[[str], None]) -> AsyncIterator[DrillEngines]:
    """Yield running engines with their data in this folder. They end with the block."""
    engines = DrillEngines(folder, say)
    try:
        await engines.start()
        yield engines
    finally:
        await engines.stop(kill=True)

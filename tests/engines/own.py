"""Engines of one test, which can be frozen, killed and started again."""

import asyncio
import os
import shutil
import signal
import time

import psutil

from engines.cassandra import cassandra_nodes
from engines.kafka import kafka_nodes
from engines.node import Node, Running, start, stop, wait_until_ready
from engines.redis import redis_nodes
from engines.s3 import s3_nodes
from engines.settings import EngineSettings

# For Cassandra under load, with many commit logs to read.
_READY_SECONDS = 150
_STOP_SECONDS = 10


class OwnEngine:
    """One server. A restart keeps its data."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._running: Running | None = None

    @property
    def name(self) -> str:
        """Display name, for example `kafka-1`."""
        return self._node.name

    @property
    def address(self) -> str:
        """`host:port`"""
        return self._node.address

    async def start(self) -> None:
        """Return once it accepts connections."""
        self._running = await asyncio.to_thread(start, self._node)
        await asyncio.to_thread(wait_until_ready, self._node, self._running, seconds=_READY_SECONDS)

    def freeze(self) -> None:
        """Freeze it: it accepts connections and answers nothing, like a hanging machine."""
        self._signal(signal.SIGSTOP)
        # On a busy machine other threads continue until the one that receives the signal is scheduled.
        deadline = time.monotonic() + _STOP_SECONDS
        while self._running is not None and psutil.Process(self._running.pid).status() != psutil.STATUS_STOPPED:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} does not stop")
            time.sleep(0.001)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    async def stop(self, *, kill: bool = True) -> None:
        """Return once it has exited. Does nothing if it does not run."""
        if self._running is not None:
            await asyncio.to_thread(stop, self._running, kill=kill)

    def forget_everything(self) -> None:
        """Delete its data, while it is stopped."""
        shutil.rmtree(self._node.folder)

    def _signal(self, number: signal.Signals) -> None:
        if self._running is not None:
            os.kill(self._running.pid, number)


def own_kafka(settings: EngineSettings) -> OwnEngine:
    """One broker. `settings`: with ports and a folder for this test alone."""
    return OwnEngine(_only(kafka_nodes(settings)))


def own_cassandra(settings: EngineSettings) -> OwnEngine:
    return OwnEngine(_only(cassandra_nodes(settings)))


def own_redis(settings: EngineSettings) -> OwnEngine:
    return OwnEngine(_only(redis_nodes(settings)))


def own_s3(settings: EngineSettings) -> OwnEngine:
    return OwnEngine(_only(s3_nodes(settings)))


def _only(nodes: list[Node]) -> Node:
    (node,) = nodes
    return node

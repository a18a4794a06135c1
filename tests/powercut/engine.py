"""Engines of one test on disks that lose power."""

import asyncio
from dataclasses import replace

from engines.cassandra import cassandra_nodes
from engines.kafka import kafka_nodes
from engines.node import Node
from engines.settings import EngineSettings
from tests.engines.own import OwnEngine
from tests.powercut.disk import PowerCutDisk


class PowerCutEngine(OwnEngine):
    """One server. `cut_power` loses what it has not synced."""

    def __init__(self, node: Node) -> None:
        self._disk = PowerCutDisk(node.folder / "data", platters=node.folder / "platters")
        super().__init__(replace(node, environment={**node.environment, **self._disk.environment}))
        self._disk.switch_on()

    async def cut_power(self) -> None:
        """Kill it, and return its disk to what was synced."""
        await self.stop()
        await asyncio.to_thread(self._disk.cut)


def power_cut_kafka(settings: EngineSettings) -> PowerCutEngine:
    """One broker."""
    (node,) = kafka_nodes(settings)
    with (node.folder / "server.properties").open("a") as properties:
        # Each flush syncs two whole index files, and the shim compares them.
        properties.write("log.index.size.max.bytes=65536\n")
    return PowerCutEngine(node)


def power_cut_cassandra(settings: EngineSettings, *, commitlog_sync: str = "batch") -> PowerCutEngine:
    """One node. `commitlog_sync`: `batch`, or `periodic` with Cassandra's default of 10 s."""
    (node,) = cassandra_nodes(settings)
    config = node.folder / "cassandra.yaml"
    # Small, because a sync is of a whole segment, and the shim compares it.
    text = config.read_text().replace("commitlog_segment_size: 16MiB", "commitlog_segment_size: 4MiB")
    if commitlog_sync == "periodic":
        text = text.replace("commitlog_sync: batch", "commitlog_sync: periodic\ncommitlog_sync_period: 10000ms")
        # Without it, Cassandra does not start with a commit log whose first sync was still to come.
        java, *options = node.command
        node = replace(node, command=(java, "-Dcassandra.commitlog.ignorereplayerrors=true", *options))
    config.write_text(text)
    return PowerCutEngine(node)

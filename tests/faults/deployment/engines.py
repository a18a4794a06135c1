"""The engines of a run: three Kafka brokers, three Cassandra nodes, Redis, and an S3 server."""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from engines.cassandra import cassandra_nodes
from engines.kafka import kafka_nodes
from engines.node import Node
from engines.redis import redis_nodes
from engines.s3 import s3_nodes
from engines.settings import EngineSettings
from tests.faults.deployment.clock import ShiftedClock
from tests.faults.deployment.network import Network
from tests.faults.deployment.part import Part
from tests.powercut.disk import PowerCutDisk

NODES = 3
TOPIC = KEYSPACE = "chatly"
EMPTY = "empty"
"""Copy of a broker's data from before its first start."""


def engine_parts(network: Network, folder: Path) -> list[Part]:
    """Return parts that are not started yet. Their data and logs are in `folder`."""
    settings = EngineSettings(
        data=folder,
        quick_start=True,
        nodes=NODES,
        kafka_host=network.host("kafka-{}"),
        kafka_heap="256m",
        cassandra_host=network.host("cassandra-{}"),
        cassandra_heap="512m",
        redis_host=network.host("redis-1"),
        s3_host=network.host("s3-1"),
    )
    nodes = (
        *redis_nodes(settings),
        *s3_nodes(settings),
        *kafka_nodes(settings),
        *cassandra_nodes(settings),
    )
    parts = [_part(node, network) for node in nodes]
    for part in parts:
        if part.name.startswith("kafka-"):
            copy_data(part.node, to=EMPTY)
        if part.disk is not None:
            part.disk.switch_on()
    return parts


def copy_data(node: Node, *, to: str = "data", source: str = "data") -> None:
    """Replace one folder of a node that does not run, or is stopped, by a copy of another one."""
    shutil.rmtree(node.folder / to, ignore_errors=True)
    # Kafka's index files are sparse: a plain copy would need 20 MB for each partition.
    subprocess.run(["cp", "--archive", "--sparse=always", node.folder / source, node.folder / to], check=True)


def _part(node: Node, network: Network) -> Part:
    clock = ShiftedClock(node.folder / "clock") if node.name.startswith("cassandra-") else None
    disk = _disk(node) if node.name.startswith(("kafka-", "cassandra-")) else None
    environment = {**node.environment, **(clock.environment() if clock else {})}
    if disk is not None:
        libraries = [environment.get("LD_PRELOAD", ""), disk.environment["LD_PRELOAD"]]
        environment |= {**disk.environment, "LD_PRELOAD": ":".join(filter(None, libraries))}
    joined = replace(node, command=(*network.join(node.name), *node.command), environment=environment)
    # For the others accepting connections is enough, which is awaited anyway; `replication.py` checks more.
    serves = partial(_redis_serves, node.address) if node.name.startswith("redis-") else lambda: True
    return Part(node=joined, network=network, serves=serves, clock=clock, disk=disk)


def _disk(node: Node) -> PowerCutDisk:
    return PowerCutDisk(node.folder / "data", platters=node.folder / "platters")


def _redis_serves(address: str) -> bool:
    """Redis accepts connections while it still loads its file."""
    host, _, port = address.rpartition(":")
    with Redis(host=host, port=int(port), socket_timeout=1, retry=Retry(NoBackoff(), 0)) as client:
        try:
            return bool(client.ping())
        except RedisError:
            return False


def engine_settings(parts: Mapping[str, Part]) -> dict[str, str]:
    """Settings by which services find them."""

    def addresses(engine: str) -> str:
        return ",".join(part.node.address for name, part in parts.items() if name.startswith(f"{engine}-"))

    ours = EngineSettings()
    return {
        "CHATLY_ENGINES": "distributed",
        # Not loopback addresses, but the network ends at this machine.
        "CHATLY_ALLOW_PLAINTEXT": "true",
        "CHATLY_ALLOW_KNOWN_SECRETS": "true",
        "CHATLY_KAFKA_BOOTSTRAP": addresses("kafka"),
        "CHATLY_KAFKA_TOPIC": TOPIC,
        "CHATLY_KAFKA_PARTITIONS": "4",
        "CHATLY_KAFKA_REPLICATION": str(NODES),
        "CHATLY_CASSANDRA_CONTACT_POINTS": addresses("cassandra"),
        "CHATLY_CASSANDRA_KEYSPACE": KEYSPACE,
        "CHATLY_CASSANDRA_REPLICATION": str(NODES),
        "CHATLY_REDIS_URL": f"redis://{addresses('redis')}",
        "CHATLY_S3_ENDPOINT": f"http://{addresses('s3')}",
        "CHATLY_S3_ACCESS_KEY": ours.s3_access_key,
        "CHATLY_S3_SECRET_KEY": ours.s3_secret_key,
    }

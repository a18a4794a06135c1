"""Checks that the clusters have recovered: every broker has its replicas, and every Cassandra node answers."""

from collections.abc import Sequence

from cassandra import ConsistencyLevel
from cassandra.cluster import Cluster
from cassandra.query import SimpleStatement
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from engines.node import Node
from tests.faults.deployment.engines import KEYSPACE, NODES, TOPIC

_SECONDS = 3.0


def kafka_is_whole(nodes: Sequence[Node]) -> bool:
    """Return whether every partition of the topic has all its replicas in sync, so that losing another broker loses
    nothing.
    """
    try:
        admin = KafkaAdminClient(
            bootstrap_servers=[node.address for node in nodes],
            request_timeout_ms=int(_SECONDS * 1000),
            bootstrap_timeout_ms=int(_SECONDS * 1000),
        )
    except KafkaError:
        return False
    try:
        (topic,) = admin.describe_topics([TOPIC])
        partitions = topic["partitions"]
        # Without partitions the topic is missing: all brokers lost their data, and no service has created it again yet.
        return bool(partitions) and all(len(partition["isr_nodes"]) == NODES for partition in partitions)
    except KafkaError:
        return False
    finally:
        admin.close()


def cassandra_is_whole(nodes: Sequence[Node]) -> bool:
    """Return whether a row can be read from all its replicas, through every node."""
    hosts = [node.address.rpartition(":")[0] for node in nodes]
    port = int(nodes[0].address.rpartition(":")[2])
    for host in hosts:
        cluster = Cluster([host], port=port, connect_timeout=_SECONDS, control_connection_timeout=_SECONDS)
        try:
            session = cluster.connect(KEYSPACE)
            query = SimpleStatement("SELECT * FROM schema_versions LIMIT 1", consistency_level=ConsistencyLevel.ALL)
            session.execute(query, timeout=_SECONDS)
        except Exception:  # noqa: BLE001 - the driver has many ways to say that it is not
            return False
        finally:
            cluster.shutdown()
    return True

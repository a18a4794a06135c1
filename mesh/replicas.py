"""Compares the replicas of the log and of the store with the settings, for `chatly doctor`. Creates nothing."""

import asyncio
from collections.abc import Mapping

from kernel.replicas import ReplicaFault
from kernel.settings import load


async def replica_faults(environ: Mapping[str, str]) -> list[ReplicaFault]:
    """Return what is less safe than the settings, or than three replicas. Skip an engine that cannot be asked."""
    faults = await asyncio.gather(asyncio.to_thread(_topic, environ), asyncio.to_thread(_keyspace, environ))
    return [fault for each in faults for fault in each]


def _topic(environ: Mapping[str, str]) -> list[ReplicaFault]:
    from kafka.errors import KafkaError

    from kernel.kafka.replicas import read_topic_replicas, topic_faults
    from kernel.kafka.settings import KafkaSettings

    settings = load(KafkaSettings, environ)
    try:
        return topic_faults(settings, read_topic_replicas(settings))
    except (KafkaError, OSError):
        return []


def _keyspace(environ: Mapping[str, str]) -> list[ReplicaFault]:
    from cassandra import DriverException
    from cassandra.cluster import NoHostAvailable

    from kernel.cassandra.connect import read_metadata
    from kernel.cassandra.replication import keyspace_faults
    from kernel.cassandra.settings import CassandraSettings

    settings = load(CassandraSettings, environ)
    try:
        return keyspace_faults(settings, read_metadata(settings))
    except (NoHostAvailable, DriverException, OSError):
        return []

"""Compares the replicas of the topic with `CHATLY_KAFKA_REPLICATION`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError

from kernel.kafka.settings import KafkaSettings
from kernel.kafka.topic import connected_admin, describe_topic
from kernel.replicas import SAFE_REPLICAS, ReplicaFault, plural

_MIN_INSYNC = "min.insync.replicas"
_FLUSH = "flush.messages"
_LOSS = "messages that are not stored in Cassandra yet"


@dataclass(frozen=True, slots=True)
class TopicReplicas:
    """The replicas of a topic and the brokers of its cluster."""

    assigned: Mapping[int, Sequence[int]]
    """The brokers of each partition; empty if the topic does not exist."""
    min_insync: int | None
    """None if the topic does not exist, or if this user may not read its configuration."""
    flush_messages: int | None
    """After how many messages a broker writes them to disk. None as for `min_insync`."""
    brokers: Sequence[int]


def read_topic_replicas(settings: KafkaSettings) -> TopicReplicas:
    """Ask the brokers. Blocks; raises KafkaError if no broker answers."""
    with connected_admin(settings) as admin:
        topic = describe_topic(admin, settings.topic)
        partitions = topic["partitions"] if topic else []
        config = _config(admin, settings.topic) if topic else {}
        return TopicReplicas(
            assigned={each["partition_index"]: tuple(each["replica_nodes"]) for each in partitions},
            min_insync=config.get(_MIN_INSYNC),
            flush_messages=config.get(_FLUSH),
            brokers=sorted(broker["broker_id"] for broker in admin.describe_cluster()["brokers"]),
        )


def topic_faults(settings: KafkaSettings, found: TopicReplicas) -> list[ReplicaFault]:
    """Return what is less safe than the setting, or than three replicas."""
    return [
        *_chosen(settings),
        *_too_few_brokers(settings, found),
        *_replication(settings, found),
        *_insync(settings, found),
        *_flush(settings, found),
    ]


def _chosen(settings: KafkaSettings) -> list[ReplicaFault]:
    if settings.replication >= SAFE_REPLICAS:
        return []
    cost = (
        f"one lost disk loses {_LOSS}, and one stopped broker stops sending"
        if settings.replication == 1
        else f"while one broker is stopped, a lost disk of the other one loses {_LOSS}"
    )
    detail = f"CHATLY_KAFKA_REPLICATION is {settings.replication}: {cost}"
    return [ReplicaFault(detail, f"Use {SAFE_REPLICAS} brokers, and set CHATLY_KAFKA_REPLICATION=3.", chosen=True)]


def _too_few_brokers(settings: KafkaSettings, found: TopicReplicas) -> list[ReplicaFault]:
    if len(found.brokers) >= settings.replication:
        return []
    detail = f"Kafka has {plural(len(found.brokers), 'broker')}, CHATLY_KAFKA_REPLICATION is {settings.replication}"
    return [ReplicaFault(detail, "Start more brokers; or set CHATLY_KAFKA_REPLICATION to the number that you want.")]


def _replication(settings: KafkaSettings, found: TopicReplicas) -> list[ReplicaFault]:
    lowest = min(map(len, found.assigned.values()), default=settings.replication)
    if lowest >= settings.replication:
        return []
    wanted = f"CHATLY_KAFKA_REPLICATION is {settings.replication}"
    detail = f"the topic {settings.topic} has {plural(lowest, 'replica')}, {wanted}"
    if len(found.brokers) < settings.replication:
        return [ReplicaFault(detail, f"Start at least {settings.replication} brokers, then run `chatly doctor` again.")]
    partitions = [
        {"topic": settings.topic, "partition": number, "replicas": _more(brokers, found.brokers, settings.replication)}
        for number, brokers in sorted(found.assigned.items())
    ]
    plan = json.dumps({"version": 1, "partitions": partitions}, separators=(",", ":"))
    command = f"kafka-reassign-partitions.sh --bootstrap-server {settings.bootstrap[0]} --execute"
    return [
        ReplicaFault(detail, f"Run: echo '{plan}' >replicas.json && {command} --reassignment-json-file replicas.json")
    ]


def _more(brokers: Sequence[int], all_brokers: Sequence[int], count: int) -> list[int]:
    """Return the brokers of a partition and as many others as it lacks; its leader stays the first."""
    first = all_brokers.index(brokers[0]) if brokers[0] in all_brokers else 0
    others = [broker for broker in (*all_brokers[first:], *all_brokers[:first]) if broker not in brokers]
    return [*brokers, *others][: max(count, len(brokers))]


def _insync(settings: KafkaSettings, found: TopicReplicas) -> list[ReplicaFault]:
    if found.min_insync is None or found.min_insync >= settings.min_insync:
        return []
    detail = (
        f"the topic {settings.topic} has {_MIN_INSYNC}={found.min_insync}, less than {settings.min_insync}:"
        f" a message may be acknowledged by {plural(found.min_insync, 'broker')} alone"
    )
    return [ReplicaFault(detail, _change(settings, f"{_MIN_INSYNC}={settings.min_insync}"))]


def _flush(settings: KafkaSettings, found: TopicReplicas) -> list[ReplicaFault]:
    """With one replica, a power cut must not lose what was acknowledged."""
    if found.flush_messages in {None, 1} or min(map(len, found.assigned.values()), default=2) > 1:
        return []
    detail = (
        f"the topic {settings.topic} has one replica and {_FLUSH}={found.flush_messages}:"
        f" a power cut loses messages of the last half minute"
    )
    return [ReplicaFault(detail, _change(settings, f"{_FLUSH}=1"))]


def _change(settings: KafkaSettings, option: str) -> str:
    return (
        f"Run: kafka-configs.sh --bootstrap-server {settings.bootstrap[0]} --alter --topic {settings.topic}"
        f" --add-config {option}"
    )


def _config(admin: KafkaAdminClient, topic: str) -> dict[str, int]:
    resource = ConfigResource(ConfigResourceType.TOPIC, topic, [_MIN_INSYNC, _FLUSH])
    try:
        found = admin.describe_configs([resource], config_filter="all")
    except KafkaError:
        return {}
    return {name: int(entry["value"]) for name, entry in found.get("topic", {}).get(topic, {}).items()}

"""The topic itself: made if it is missing, checked if it is there, and told from another one of the same name."""

import socket
from collections.abc import Mapping, Sequence
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaConnectionError, TopicAlreadyExistsError

from kernel.log.kafka_settings import KafkaSettings

_PROBE_SECONDS = 2.0
# Never by age, never by size: history is replayed from it.
_CONFIG = {"retention.ms": "-1", "retention.bytes": "-1"}


class WrongTopicError(Exception):
    """The topic is not what the settings say: no waiting mends that."""


def identify_topic(settings: KafkaSettings) -> str:
    """Make the topic if it is missing, and return the log's identity. Blocks.

    Raise WrongTopicError if the topic has another number of partitions, KafkaError if no broker answers.
    """
    _probe(settings.bootstrap)
    with KafkaAdminClient(**settings.client()) as admin:
        topic = _describe(admin, settings.topic)
        if topic is None:
            _create(admin, settings)
            topic = _describe(admin, settings.topic)
        if topic is None:
            raise KafkaConnectionError(f"the topic {settings.topic} is still being made")
        found = len(topic["partitions"])
        if found != settings.partitions:
            raise WrongTopicError(
                f"Kafka's topic {settings.topic} has {found} partitions, not {settings.partitions}:"
                " the number is fixed for ever (CHATLY_KAFKA_PARTITIONS)"
            )
        return f"{admin.describe_cluster()['cluster_id']}.{topic['topic_id']}"


def _probe(bootstrap: Sequence[str]) -> None:
    """Raise KafkaConnectionError at once if no broker listens: a client would leave a thread behind for each try."""
    for address in bootstrap:
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=_PROBE_SECONDS).close()
        except OSError:
            continue
        return
    raise KafkaConnectionError(f"no broker answers at {', '.join(bootstrap)}")


def _describe(admin: KafkaAdminClient, name: str) -> Mapping[str, Any] | None:
    (topic,) = admin.describe_topics([name])
    return topic if topic["error_code"] == 0 and topic["partitions"] else None


def _create(admin: KafkaAdminClient, settings: KafkaSettings) -> None:
    config = {**_CONFIG, "min.insync.replicas": str(max(1, settings.replication - 1))}
    topic = {
        "num_partitions": settings.partitions,
        "replication_factor": settings.replication,
        "configs": config,
    }
    try:
        admin.create_topics({settings.topic: topic}, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        admin.wait_for_topics([settings.topic])  # another node made it meanwhile

"""The topic of the log: created if missing, checked, and distinguished from another one of the same name."""

import logging
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import (
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailedError,
    TopicAlreadyExistsError,
    UnsupportedSaslMechanismError,
)

from kernel.kafka.client import build_client
from kernel.kafka.settings import KafkaSettings
from kernel.tls import tls_problem

_PROBE_SECONDS = 2.0
_WHO_WE_ARE = "CHATLY_KAFKA_USERNAME, CHATLY_KAFKA_PASSWORD, CHATLY_KAFKA_SASL_MECHANISM"
_REFUSALS = (SaslAuthenticationFailedError, UnsupportedSaslMechanismError)
# Never by age, never by size: history is replayed from it.
_CONFIG = {"retention.ms": "-1", "retention.bytes": "-1"}


class WrongTopicError(Exception):
    """The topic is not what the settings say: no waiting mends that."""


def identify_topic(settings: KafkaSettings) -> str:
    """Make the topic if it is missing, and return the log's identity. Blocks.

    Raise WrongTopicError if the topic has another number of partitions, KafkaError if no broker answers.
    """
    _probe(settings)
    with _connected(settings) as admin:
        return _identify(admin, settings)


def _connected(settings: KafkaSettings) -> KafkaAdminClient:
    with _heard_failures() as failures:
        try:
            return build_client(KafkaAdminClient, **settings.client())
        except KafkaError as error:
            raise _explained(error, failures) from None


def _explained(error: KafkaError, failures: Sequence[KafkaError]) -> KafkaConnectionError:
    """Why there is no connection, as far as it is known, though somebody listens, and by TLS where that is wanted."""
    reasons = [error, *reversed(failures)]
    for reason in reasons:
        if isinstance(reason, _REFUSALS):
            return KafkaConnectionError(f"{_words(reason)} (see {_WHO_WE_ARE})")
    # Whom a broker refuses it hangs up on, often before its answer is read; as on who speaks another protocol.
    hung_up = [reason for reason in reasons if isinstance(reason, KafkaConnectionError)]
    settings = f"CHATLY_KAFKA_SECURITY_PROTOCOL, {_WHO_WE_ARE}"
    return KafkaConnectionError(f"{_words(hung_up[0] if hung_up else error)} (if it stays so, see {settings})")


def _words(error: KafkaError) -> str:
    """Without the names of errors, which the driver puts before its words as often as it hands them on."""
    return str(error).rpartition("Error: ")[2]


def _identify(admin: KafkaAdminClient, settings: KafkaSettings) -> str:
    topic = _describe(admin, settings.topic)
    if topic is None:
        _create(admin, settings)
        topic = _describe(admin, settings.topic)
    if topic is None:
        raise KafkaConnectionError(f"the topic {settings.topic} is still being created")
    found = len(topic["partitions"])
    if found != settings.partitions:
        raise WrongTopicError(
            f"Kafka's topic {settings.topic} has {found} partitions, not {settings.partitions}:"
            " the number is fixed for ever (CHATLY_KAFKA_PARTITIONS)"
        )
    return f"{admin.describe_cluster()['cluster_id']}.{topic['topic_id']}"


@contextmanager
def _heard_failures() -> Iterator[list[KafkaError]]:
    """Why connections failed. The driver only logs that, and says later that it could not connect in time."""
    failures: list[KafkaError] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            arguments = record.args if isinstance(record.args, tuple) else ()
            failures.extend(each for each in arguments if isinstance(each, KafkaError))

    driver, ear = logging.getLogger("kafka.net.manager"), Ear()
    level, propagate = driver.level, driver.propagate
    driver.addHandler(ear)
    driver.setLevel(logging.WARNING)
    driver.propagate = False
    try:
        yield failures
    finally:
        driver.removeHandler(ear)
        driver.setLevel(level)
        driver.propagate = propagate


def _probe(settings: KafkaSettings) -> None:
    """Raise KafkaConnectionError at once if no broker listens, or none of them can be talked to by TLS.

    Of either the client would say no more than that it failed, and seconds later.
    """
    context = settings.ssl_context() if settings.secured else None
    troubles = []
    for address in settings.bootstrap:
        host, _, port = address.rpartition(":")
        try:
            with socket.create_connection((host, int(port)), timeout=_PROBE_SECONDS) as connection:
                if context is not None:
                    context.wrap_socket(connection, server_hostname=host).close()
        except OSError as error:
            if trouble := tls_problem(error, trust="CHATLY_KAFKA_CA_FILE", name="CHATLY_KAFKA_BOOTSTRAP"):
                troubles.append(f"{address}: {trouble}")
            continue
        return
    raise KafkaConnectionError("; ".join(troubles) or f"no broker answers at {', '.join(settings.bootstrap)}")


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
        admin.wait_for_topics([settings.topic])  # another node created it meanwhile

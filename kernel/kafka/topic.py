"""Creates and checks the topic of the log, and identifies it: a topic that is created again has another identity."""

import logging
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import (
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailedError,
    TopicAlreadyExistsError,
    UnsupportedSaslMechanismError,
)

from kernel.kafka.client import build_client
from kernel.kafka.settings import KafkaSettings
from kernel.replicas import plural
from kernel.tls import tls_problem

_PROBE_SECONDS = 2.0
_CREDENTIALS = "CHATLY_KAFKA_USERNAME, CHATLY_KAFKA_PASSWORD, CHATLY_KAFKA_SASL_MECHANISM"
_LOGIN_ERRORS = (SaslAuthenticationFailedError, UnsupportedSaslMechanismError)
_MILLISECOND = timedelta(milliseconds=1)


class TooFewBrokersError(KafkaError):  # type: ignore[misc]  # kafka-python is untyped
    """The topic cannot be created yet. Other brokers may still be starting."""


class WrongTopicError(Exception):
    """The topic does not match the settings. Retrying does not help."""


def identify_topic(settings: KafkaSettings, *, retention: timedelta | None) -> str:
    """Create the topic if it is missing, and return the identity of the log. Blocks.

    `retention`: how long a new topic keeps records; None: without a limit. An existing topic is not changed.

    Raise WrongTopicError if the topic has another number of partitions, TooFewBrokersError if it cannot be created
    with its replicas, another KafkaError if no broker answers.
    """
    with connected_admin(settings) as admin:
        return _identify(admin, settings, retention)


def set_retention(settings: KafkaSettings, retention: timedelta | None) -> Mapping[str, str]:
    """Give the existing topic this retention time, and return the options that were changed. Blocks.

    Raise KafkaError if no broker answers, or if this user may not change the topic.
    """
    wanted = retention_config(retention)
    with connected_admin(settings) as admin:
        topic = ConfigResource(ConfigResourceType.TOPIC, settings.topic)
        found = admin.describe_configs([topic], config_filter="all")["topic"][settings.topic]
        changed = {name: value for name, value in wanted.items() if str(found[name]["value"]) != value}
        if changed:
            admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, settings.topic, changed)], incremental=True)
    return changed


def retention_config(retention: timedelta | None) -> Mapping[str, str]:
    """Return the options of a topic that keeps records this long; None: without a limit.

    Kafka removes whole segments, so a record is removed up to `segment.ms` late. Brokers set the time of records, so a
    wrong clock of a node removes nothing.
    """
    day = timedelta(days=1)
    segment = day if retention is None else min(day, max(retention / 30, timedelta(minutes=10)))
    return {
        "retention.ms": "-1" if retention is None else str(retention // _MILLISECOND),
        "retention.bytes": "-1",
        "segment.ms": str(segment // _MILLISECOND),
        "message.timestamp.type": "LogAppendTime",
    }


def connected_admin(settings: KafkaSettings) -> KafkaAdminClient:
    """Return a client to use in a `with` block. Blocks; raises KafkaError if no broker answers."""
    _probe(settings)
    with _logged_failures() as failures:
        try:
            return build_client(KafkaAdminClient, **settings.client())
        except KafkaError as error:
            raise _explained(error, failures) from None


def _explained(error: KafkaError, failures: Sequence[KafkaError]) -> KafkaConnectionError:
    """Return an error that explains why the client failed although `_probe` reached a broker."""
    reasons = [error, *reversed(failures)]
    for reason in reasons:
        if isinstance(reason, _LOGIN_ERRORS):
            return KafkaConnectionError(f"{_text(reason)} (see {_CREDENTIALS})")
    # A broker often closes the connection of a refused client before the client has read the response. It also closes
    # the connection if the client uses another protocol.
    hung_up = [reason for reason in reasons if isinstance(reason, KafkaConnectionError)]
    settings = f"CHATLY_KAFKA_SECURITY_PROTOCOL, {_CREDENTIALS}"
    return KafkaConnectionError(f"{_text(hung_up[0] if hung_up else error)} (if this persists, check {settings})")


def _text(error: KafkaError) -> str:
    """Return the error's text without the class names that the driver adds each time it wraps an error."""
    return str(error).rpartition("Error: ")[2]


def _identify(admin: KafkaAdminClient, settings: KafkaSettings, retention: timedelta | None) -> str:
    topic = describe_topic(admin, settings.topic)
    if topic is None:
        create_topic(admin, settings, retention)
        topic = describe_topic(admin, settings.topic)
    if topic is None:
        raise KafkaConnectionError(f"the topic {settings.topic} is still being created")
    found = len(topic["partitions"])
    if found != settings.partitions:
        raise WrongTopicError(
            f"Kafka's topic {settings.topic} has {found} partitions, not {settings.partitions}:"
            " the number cannot be changed (CHATLY_KAFKA_PARTITIONS)"
        )
    return f"{admin.describe_cluster()['cluster_id']}.{topic['topic_id']}"


@contextmanager
def _logged_failures() -> Iterator[list[KafkaError]]:
    """Collect the errors of failed connections. The driver only logs them, and later raises a timeout."""
    failures: list[KafkaError] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            arguments = record.args if isinstance(record.args, tuple) else ()
            failures.extend(each for each in arguments if isinstance(each, KafkaError))

    driver, collector = logging.getLogger("kafka.net.manager"), Collector()
    level, propagate = driver.level, driver.propagate
    driver.addHandler(collector)
    driver.setLevel(logging.WARNING)
    driver.propagate = False
    try:
        yield failures
    finally:
        driver.removeHandler(collector)
        driver.setLevel(level)
        driver.propagate = propagate


def _probe(settings: KafkaSettings) -> None:
    """Raise KafkaConnectionError at once if no broker listens, or if the TLS handshake fails with all brokers.

    Without this check, the client would fail seconds later and not name the cause.
    """
    context = settings.ssl_context() if settings.secured else None
    problems = []
    for address in settings.bootstrap:
        host, _, port = address.rpartition(":")
        try:
            with socket.create_connection((host, int(port)), timeout=_PROBE_SECONDS) as connection:
                if context is not None:
                    context.wrap_socket(connection, server_hostname=host).close()
        except OSError as error:
            if problem := tls_problem(error, trust="CHATLY_KAFKA_CA_FILE", name="CHATLY_KAFKA_BOOTSTRAP"):
                problems.append(f"{address}: {problem}")
            continue
        return
    raise KafkaConnectionError("; ".join(problems) or f"no broker answers at {', '.join(settings.bootstrap)}")


def describe_topic(admin: KafkaAdminClient, name: str) -> Mapping[str, Any] | None:
    """Return the topic as the driver describes it, or None if it does not exist."""
    (topic,) = admin.describe_topics([name])
    return topic if topic["error_code"] == 0 and topic["partitions"] else None


def create_topic(admin: KafkaAdminClient, settings: KafkaSettings, retention: timedelta | None) -> None:
    """Create the topic with the replicas of the setting, or raise TooFewBrokersError."""
    config = {**retention_config(retention), "min.insync.replicas": str(settings.min_insync)}
    if settings.replication == 1:
        # On disk before it is acknowledged, because no other broker has it.
        config["flush.messages"] = "1"
    topic = {
        "num_partitions": settings.partitions,
        "replication_factor": settings.replication,
        "configs": config,
    }
    brokers = len(admin.describe_cluster()["brokers"])
    if brokers < settings.replication:
        raise TooFewBrokersError(
            f"Kafka has {plural(brokers, 'broker')}, CHATLY_KAFKA_REPLICATION is {settings.replication}:"
            " start more brokers, or set it to the number of replicas that you want"
        )
    try:
        admin.create_topics({settings.topic: topic}, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        admin.wait_for_topics([settings.topic])  # another node created it meanwhile

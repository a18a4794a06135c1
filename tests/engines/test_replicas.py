"""A topic and a keyspace on one node under settings that ask for three replicas, on real engines."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from kernel.cassandra.session import CassandraSession, open_cassandra
from kernel.errors import ChatlyError
from kernel.kafka.log import open_kafka_log
from kernel.kafka.settings import KafkaSettings
from mesh.replicas import replica_faults
from tests.engines.cassandra import cassandra_settings, fresh_cassandra
from tests.waiting import eventually

pytestmark = [pytest.mark.engines("kafka", "cassandra"), pytest.mark.timeout(120)]


@pytest.fixture
def kafka(kafka_bootstrap: str, fresh_name: str) -> KafkaSettings:
    """Three replicas on one broker."""
    return KafkaSettings(bootstrap=tuple(kafka_bootstrap.split(",")), topic=fresh_name, partitions=2)


async def test_a_topic_is_not_created_on_too_few_brokers(kafka: KafkaSettings) -> None:
    too_few = "Kafka has 1 broker, CHATLY_KAFKA_REPLICATION is 3"
    with capture_logs() as lines:
        async with open_kafka_log(kafka, patience=0) as log:
            await eventually(lambda: any(too_few in line.get("error", "") for line in lines), "it is logged")
            with pytest.raises(ChatlyError, match=too_few):
                await log.append("chat", b"1")


async def test_an_existing_topic_with_fewer_replicas_is_used_and_reported(kafka: KafkaSettings) -> None:
    async with open_kafka_log(replace(kafka, replication=1), patience=30):
        pass

    with capture_logs() as lines:
        async with open_kafka_log(kafka, patience=30) as log:
            await log.append("chat", b"1")
            await eventually(lambda: len(_problems(lines)) == 3, "it is logged")

    assert f"the topic {kafka.topic} has 1 replica, CHATLY_KAFKA_REPLICATION is 3" in _problems(lines)
    assert any("min.insync.replicas=1, less than 2" in problem for problem in _problems(lines))


async def test_a_keyspace_is_not_created_on_too_few_nodes(cassandra_contact_points: str, fresh_name: str) -> None:
    settings = replace(cassandra_settings(cassandra_contact_points, fresh_name), replication="3")
    async with open_cassandra(settings) as session:
        await eventually(lambda: _is_refused(session), "the reason is reported")


async def test_doctor_compares_what_exists_with_the_settings(
    kafka: KafkaSettings, cassandra_contact_points: str, fresh_name: str
) -> None:
    environ = {
        "CHATLY_KAFKA_BOOTSTRAP": ",".join(kafka.bootstrap),
        "CHATLY_KAFKA_TOPIC": kafka.topic,
        "CHATLY_CASSANDRA_CONTACT_POINTS": cassandra_contact_points,
        "CHATLY_CASSANDRA_KEYSPACE": fresh_name,
    }
    chosen = {**environ, "CHATLY_KAFKA_REPLICATION": "1", "CHATLY_CASSANDRA_REPLICATION": "1"}
    async with (
        fresh_cassandra(cassandra_contact_points, fresh_name),
        open_kafka_log(replace(kafka, replication=1), patience=30),
    ):
        risks, faults = await replica_faults(chosen), await replica_faults(environ)

    assert [fault.chosen for fault in risks] == [True, True]
    assert {fault.detail.partition(",")[0] for fault in faults} == {
        "Kafka has 1 broker",
        f"the topic {kafka.topic} has 1 replica",
        f"the topic {kafka.topic} has min.insync.replicas=1",
        "Cassandra has 1 node",
        f"the keyspace {fresh_name} has 1 as replication",
    }


def _problems(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    return [line["problem"] for line in lines if line["event"] == "too few replicas"]


async def _is_refused(session: CassandraSession) -> bool:
    return "Cassandra has 1 node, CHATLY_CASSANDRA_REPLICATION is 3" in (await session.health() or "")

"""The cost of fewer replicas than three, and commands that give an existing topic or keyspace those of the setting."""

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
from cassandra.cluster import Session
from cassandra.metadata import Metadata, ReplicationStrategy
from kafka import KafkaAdminClient

from kernel.cassandra.replication import keyspace_faults
from kernel.cassandra.schema import SchemaError, create_keyspace
from kernel.cassandra.settings import CassandraSettings
from kernel.kafka.replicas import TopicReplicas, topic_faults
from kernel.kafka.settings import KafkaSettings
from kernel.kafka.topic import TooFewBrokersError, create_topic
from kernel.settings import load

KAFKA = KafkaSettings(bootstrap=("kafka:9092",))
CASSANDRA = CassandraSettings(contact_points=("cassandra",))


def a_topic(*, replicas: int = 3, min_insync: int | None = 2, brokers: int = 3, flush: int = 1) -> TopicReplicas:
    assigned = {number: [(number + each) % brokers + 1 for each in range(replicas)] for number in range(4)}
    return TopicReplicas(assigned=assigned, min_insync=min_insync, flush_messages=flush, brokers=range(1, brokers + 1))


def a_cluster(*, replication: dict[str, str] | None = None, datacenters: str = "aaa") -> Metadata:
    strategy = ReplicationStrategy.create(replication.pop("class"), replication) if replication else None
    keyspaces = {"chatly": SimpleNamespace(replication_strategy=strategy)} if replication else {}
    hosts = [SimpleNamespace(datacenter=name) for name in datacenters]
    return cast("Metadata", SimpleNamespace(keyspaces=keyspaces, all_hosts=lambda: hosts))


def simple(replicas: int) -> dict[str, str]:
    return {"class": "SimpleStrategy", "replication_factor": str(replicas)}


def test_the_default_is_three_replicas_of_which_two_acknowledge() -> None:
    kafka = load(KafkaSettings, {"CHATLY_KAFKA_BOOTSTRAP": "kafka:9092"})
    cassandra = load(CassandraSettings, {"CHATLY_CASSANDRA_CONTACT_POINTS": "cassandra"})

    assert (kafka.replication, kafka.min_insync, cassandra.replication) == (3, 2, "3")
    assert topic_faults(kafka, a_topic()) == []
    assert keyspace_faults(cassandra, a_cluster(replication=simple(3))) == []


@pytest.mark.parametrize(("replication", "cost"), [(1, "one lost disk loses messages"), (2, "while one broker")])
def test_fewer_replicas_of_the_topic_are_named_with_their_cost(replication: int, cost: str) -> None:
    settings = KafkaSettings(bootstrap=("kafka:9092",), replication=replication)

    (fault,) = topic_faults(settings, a_topic(replicas=replication, min_insync=1, brokers=replication))

    assert fault.chosen
    assert f"CHATLY_KAFKA_REPLICATION is {replication}: {cost}" in fault.detail


@pytest.mark.parametrize(
    ("replication", "cost"), [("1", "one lost disk loses"), ("2", "one stopped node"), ("a:3,b:1", "one lost disk")]
)
def test_fewer_replicas_of_the_keyspace_are_named_with_their_cost(replication: str, cost: str) -> None:
    settings = CassandraSettings(contact_points=("cassandra",), replication=replication)

    (fault,) = keyspace_faults(settings, a_cluster(datacenters="aaabbb"))

    assert fault.chosen
    assert f"CHATLY_CASSANDRA_REPLICATION is {replication}: {cost}" in fault.detail


def test_a_topic_with_fewer_replicas_than_the_setting_gets_a_plan_that_keeps_its_leaders() -> None:
    found = a_topic(replicas=1)

    (fault,) = topic_faults(KAFKA, found)

    assert fault.detail == "the topic chat-messages has 1 replica, CHATLY_KAFKA_REPLICATION is 3"
    assert not fault.chosen
    plan = json.loads(fault.remedy.split("'")[1])["partitions"]
    assert [(each["topic"], each["partition"], sorted(each["replicas"])) for each in plan] == [
        ("chat-messages", number, [1, 2, 3]) for number in range(4)
    ]
    assert [each["replicas"][0] for each in plan] == [brokers[0] for brokers in found.assigned.values()]
    assert "kafka-reassign-partitions.sh --bootstrap-server kafka:9092 --execute" in fault.remedy


def test_a_topic_that_one_broker_may_acknowledge_gets_the_command_that_forbids_it() -> None:
    (fault,) = topic_faults(KAFKA, a_topic(min_insync=1))

    assert "min.insync.replicas=1, less than 2" in fault.detail
    assert fault.remedy == (
        "Run: kafka-configs.sh --bootstrap-server kafka:9092 --alter --topic chat-messages"
        " --add-config min.insync.replicas=2"
    )


def test_a_topic_with_one_replica_must_be_on_disk_before_it_is_acknowledged() -> None:
    settings = KafkaSettings(bootstrap=("kafka:9092",), replication=1)

    risk, fault = topic_faults(settings, a_topic(replicas=1, min_insync=1, flush=2**63 - 1))

    assert risk.chosen
    assert "a power cut loses" in fault.detail
    assert fault.remedy.endswith("--alter --topic chat-messages --add-config flush.messages=1")
    assert topic_faults(KAFKA, a_topic(flush=2**63 - 1)) == []


def test_a_configuration_that_this_user_may_not_read_is_not_judged() -> None:
    assert topic_faults(KAFKA, a_topic(min_insync=None)) == []


def test_too_few_brokers_for_an_existing_topic_are_reported() -> None:
    details = [fault.detail for fault in topic_faults(KAFKA, a_topic(replicas=1, brokers=1))]

    assert "Kafka has 1 broker, CHATLY_KAFKA_REPLICATION is 3" in details


def test_a_topic_is_not_created_with_fewer_replicas_than_the_setting() -> None:
    admin = SimpleNamespace(describe_cluster=lambda: {"brokers": [{"broker_id": 1}, {"broker_id": 2}]})

    with pytest.raises(TooFewBrokersError, match="Kafka has 2 brokers, CHATLY_KAFKA_REPLICATION is 3: start more"):
        create_topic(cast("KafkaAdminClient", admin), KAFKA, None)


def test_a_keyspace_with_fewer_replicas_than_the_setting_gets_the_command_that_adds_them() -> None:
    (fault,) = keyspace_faults(CASSANDRA, a_cluster(replication=simple(1)))

    assert not fault.chosen
    assert fault.detail == "the keyspace chatly has 1 as replication, CHATLY_CASSANDRA_REPLICATION is 3"
    assert "ALTER KEYSPACE chatly WITH replication = {'class': 'SimpleStrategy', 'replication_factor': '3'}" in (
        fault.remedy
    )
    assert "nodetool repair --full chatly" in fault.remedy


def test_replicas_are_compared_by_datacenter() -> None:
    settings = CassandraSettings(contact_points=("cassandra",), replication="a:3,b:3")
    found: dict[str, Any] = {"class": "NetworkTopologyStrategy", "a": "3"}

    (fault,) = keyspace_faults(settings, a_cluster(replication=found, datacenters="aaabbb"))

    assert fault.detail == "the keyspace chatly has a:3 as replication, CHATLY_CASSANDRA_REPLICATION is a:3,b:3"


def test_a_keyspace_is_not_created_with_more_replicas_than_nodes() -> None:
    session = cast("Session", SimpleNamespace(cluster=SimpleNamespace(metadata=a_cluster(datacenters="a"))))

    with pytest.raises(SchemaError, match="Cassandra has 1 node, CHATLY_CASSANDRA_REPLICATION is 3: start more"):
        create_keyspace(session, CASSANDRA)


def test_a_datacenter_with_too_few_nodes_is_named() -> None:
    settings = CassandraSettings(contact_points=("cassandra",), replication="a:3,b:3")

    (fault,) = keyspace_faults(settings, a_cluster(datacenters="aaabb"))

    assert fault.detail == "the datacenter b of Cassandra has 2 nodes, CHATLY_CASSANDRA_REPLICATION is a:3,b:3"

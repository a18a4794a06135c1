"""Configuration files of Kafka and Cassandra, for one node and for three."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from engines import kafka
from engines.cassandra import cassandra_nodes
from engines.kafka import kafka_nodes
from engines.node import Node
from engines.settings import EngineSettings


@pytest.fixture(autouse=True)
def _no_java(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "_format", lambda *_: None)


def properties(folder: Path) -> dict[str, str]:
    lines = (folder / "server.properties").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_one_kafka_node_keeps_one_copy(tmp_path: Path) -> None:
    (node,) = kafka_nodes(EngineSettings(data=tmp_path))

    written = properties(node.folder)
    assert written["default.replication.factor"] == written["min.insync.replicas"] == "1"
    assert written["auto.create.topics.enable"] == "false"
    assert written["log.flush.interval.messages"] == "1"


def test_three_kafka_nodes_know_each_other_and_survive_the_loss_of_one(tmp_path: Path) -> None:
    nodes = kafka_nodes(EngineSettings(data=tmp_path, nodes=3, kafka_port=1000))

    written = [properties(node.folder) for node in nodes]
    assert [node.address for node in nodes] == ["127.0.0.1:1000", "127.0.0.1:1010", "127.0.0.1:1020"]
    assert {one["controller.quorum.voters"] for one in written} == {
        "1@127.0.0.1:1001,2@127.0.0.1:1011,3@127.0.0.1:1021"
    }
    assert {(one["offsets.topic.replication.factor"], one["min.insync.replicas"]) for one in written} == {("3", "2")}


def test_three_cassandra_nodes_divide_the_ring_and_wait_for_the_seed(tmp_path: Path) -> None:
    nodes = cassandra_nodes(EngineSettings(data=tmp_path, nodes=3))

    written = [yaml.safe_load((node.folder / "cassandra.yaml").read_text()) for node in nodes]
    tokens = [one["initial_token"] for one in written]
    assert [node.after for node in nodes] == [None, "cassandra-1", "cassandra-1"]
    assert [one["listen_address"] for one in written] == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
    assert {round((later - earlier) / 2**64, 3) for earlier, later in pairwise(tokens)} == {0.333}


@pytest.mark.parametrize("nodes", [kafka_nodes, cassandra_nodes])
def test_test_engines_start_quickly_and_others_run_optimised_code(
    tmp_path: Path, nodes: Callable[[EngineSettings], list[Node]]
) -> None:
    (lasting,) = nodes(EngineSettings(data=tmp_path))
    (quick,) = nodes(EngineSettings(data=tmp_path, quick_start=True))

    assert "-XX:TieredStopAtLevel=1" in quick.command
    assert "-XX:TieredStopAtLevel=1" not in lasting.command

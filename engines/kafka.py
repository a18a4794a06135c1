"""Kafka in KRaft mode: every node is a broker and a controller."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from engines.java import QUICK_START, java
from engines.node import EngineError, Node
from engines.security import PASSWORD, USER, Security, security
from engines.settings import CACHE, EngineSettings

CLUSTER_ID = "Y2hhdGx5LWVuZ2luZXMtMQ"
_JARS = CACHE / "engines" / "jars" / "kafka"
_SCRAM = "SCRAM-SHA-512"
_LOG4J = """\
Configuration:
  Appenders:
    Console: {name: STDOUT, PatternLayout: {pattern: "%d %p %m (%c)%n"}}
  Loggers:
    Root: {level: info, AppenderRef: {ref: STDOUT}}
"""


def kafka_nodes(settings: EngineSettings) -> list[Node]:
    """Write the configuration of every node, format new data folders, and return how to start the nodes."""
    # Formatting starts one JVM per node.
    with ThreadPoolExecutor() as threads:
        return list(threads.map(partial(_node, settings), range(1, settings.nodes + 1)))


def _node(settings: EngineSettings, number: int) -> Node:
    folder = settings.data / f"kafka-{number}-of-{settings.nodes}"
    folder.mkdir(parents=True, exist_ok=True)
    properties = folder / "server.properties"
    properties.write_text(_properties(settings, number, folder))
    (folder / "log4j2.yaml").write_text(_LOG4J)
    if not (folder / "data" / "meta.properties").exists():
        _format(properties, settings)
    return Node(
        name=f"kafka-{number}",
        address=f"{_host(settings, number)}:{_port(settings, number)}",
        command=(
            *java(settings, heap=settings.kafka_heap, otherwise=["-XX:+UseSerialGC"]),
            f"-Dlog4j2.configurationFile={folder / 'log4j2.yaml'}",
            "-cp",
            f"{_JARS}/*",
            "kafka.Kafka",
            str(properties),
        ),
        folder=folder,
    )


def _host(settings: EngineSettings, number: int) -> str:
    return settings.kafka_host.format(number)


def _port(settings: EngineSettings, number: int) -> int:
    return settings.kafka_port + 10 * (number - 1)


def _properties(settings: EngineSettings, number: int, folder: Path) -> str:
    host, port, nodes = _host(settings, number), _port(settings, number), range(1, settings.nodes + 1)
    voters = ",".join(f"{node}@{_host(settings, node)}:{_port(settings, node) + 1}" for node in nodes)
    copies = min(settings.nodes, 3)
    client = "SASL_SSL" if settings.secured else "PLAINTEXT"
    lines = {
        "process.roles": "broker,controller",
        "node.id": number,
        "controller.quorum.voters": voters,
        "listeners": f"{client}://{host}:{port},CONTROLLER://{host}:{port + 1}",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": folder / "data",
        "auto.create.topics.enable": "false",
        "default.replication.factor": copies,
        "min.insync.replicas": max(1, copies - 1),
        "offsets.topic.replication.factor": copies,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.num.partitions": 4,
        "group.initial.rebalance.delay.ms": 0,
        # Short, so that a dead broker is noticed within seconds.
        "broker.session.timeout.ms": 3000,
        "broker.heartbeat.interval.ms": 500,
        "controller.quorum.election.timeout.ms": 500,
        "controller.quorum.fetch.timeout.ms": 1000,
        # Each batch is on disk before it is acknowledged: with one replica no other broker has it.
        **({"log.flush.interval.messages": 1} if settings.nodes == 1 else {}),
        **_secured(security(settings)),
    }
    return "".join(f"{name}={value}\n" for name, value in lines.items())


def _secured(security: Security | None) -> dict[str, object]:
    """PLAIN between brokers, because it needs no user in the cluster's metadata; PLAIN and SCRAM for clients."""
    if security is None:
        return {}
    plain, scram = (f"org.apache.kafka.common.security.{name}LoginModule" for name in ("plain.Plain", "scram.Scram"))
    ours = f'username="{USER}" password="{PASSWORD}" user_{USER}="{PASSWORD}"'
    return {
        "listener.security.protocol.map": "SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "SASL_SSL",
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "sasl.enabled.mechanisms": f"PLAIN,{_SCRAM}",
        "listener.name.sasl_ssl.plain.sasl.jaas.config": f"{plain} required {ours};",
        f"listener.name.sasl_ssl.{_SCRAM.lower()}.sasl.jaas.config": f"{scram} required;",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": security.pair.both,
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": security.ca,
    }


def _format(properties: Path, settings: EngineSettings) -> None:
    command = ["java", *QUICK_START, "-cp", f"{_JARS}/*", "kafka.tools.StorageTool", "format"]
    command += ["-t", CLUSTER_ID, "-c", str(properties)]
    if settings.secured:
        command += ["--add-scram", f"{_SCRAM}=[name={USER},password={PASSWORD}]"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise EngineError(f"Kafka's storage cannot be formatted with {properties}: {done.stdout}{done.stderr}")

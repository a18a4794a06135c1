"""Cassandra: each node has an address of its own, and one token."""

from pathlib import Path

from engines.java import QUICK_START, java
from engines.node import Node
from engines.security import Security, security
from engines.settings import CACHE, EngineSettings

_JARS = CACHE / "engines" / "jars" / "cassandra"
_SMALLEST_TOKEN = -(2**63)
# Packages of JDK 17 that Cassandra opens by reflection.
_EXPORTS = (
    *("java.base/jdk.internal.misc", "java.base/jdk.internal.ref", "java.base/sun.nio.ch"),
    *("java.management.rmi/com.sun.jmx.remote.internal.rmi", "java.rmi/sun.rmi.registry", "java.rmi/sun.rmi.server"),
    "java.sql/java.sql",
)
_OPENS = (
    *("java.base/java.lang", "java.base/java.lang.module", "java.base/java.io", "java.base/java.nio"),
    *("java.base/java.util", "java.base/java.util.concurrent", "java.base/java.util.concurrent.atomic"),
    *("java.base/jdk.internal.loader", "java.base/jdk.internal.ref", "java.base/jdk.internal.reflect"),
    *("java.base/jdk.internal.math", "java.base/jdk.internal.module", "java.base/jdk.internal.util.jar"),
    *("java.base/sun.nio.ch", "jdk.management/com.sun.management.internal"),
)
_YAML = """\
cluster_name: chatly-engines
num_tokens: 1
initial_token: {token}
auto_bootstrap: false
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
endpoint_snitch: SimpleSnitch
listen_address: {host}
rpc_address: {host}
storage_port: {storage_port}
native_transport_port: {port}
# Write to disk before acknowledging: with one replica no other node has the row.
commitlog_sync: batch
commitlog_segment_size: 16MiB
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters:
      - seeds: "{seed}:{storage_port}"
"""
# Cassandra creates its first user with the name and the password cassandra.
_SECURED = """\
authenticator: PasswordAuthenticator
authorizer: CassandraAuthorizer
role_manager: CassandraRoleManager
client_encryption_options:
  enabled: true
  optional: false
  require_client_auth: false
  ssl_context_factory:
    class_name: org.apache.cassandra.security.PEMBasedSslContextFactory
  keystore: {both}
  truststore: {ca}
"""
_LOGBACK = """\
<configuration>
  <appender name="STDOUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%date %level %logger{0} %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="STDOUT"/></root>
</configuration>
"""


def cassandra_nodes(settings: EngineSettings) -> list[Node]:
    """Write the configuration of every node and return how to start them. The first node is the seed of the others."""
    return [_node(settings, number) for number in range(1, settings.nodes + 1)]


def nodetool(settings: EngineSettings) -> tuple[str, ...]:
    """Return the command `nodetool` of the first node. It needs `cassandra_jmx_port`."""
    folder = settings.data / f"cassandra-1-of-{settings.nodes}"
    return (
        *("java", "-Xmx64m", *QUICK_START, *_module_options()),
        # It writes its history there.
        f"-Duser.home={folder}",
        f"-Dlogback.configurationFile={folder / 'logback.xml'}",
        *("-cp", f"{_JARS}/*", "org.apache.cassandra.tools.NodeTool"),
        *("-h", "127.0.0.1", "-p", str(settings.cassandra_jmx_port)),
    )


def _node(settings: EngineSettings, number: int) -> Node:
    folder = settings.data / f"cassandra-{number}-of-{settings.nodes}"
    folder.mkdir(parents=True, exist_ok=True)
    host, seed = (settings.cassandra_host.format(node) for node in (number, 1))
    config = _YAML.format(
        token=_SMALLEST_TOKEN + (number - 1) * 2**64 // settings.nodes + 1,
        host=host,
        seed=seed,
        port=settings.cassandra_port,
        storage_port=settings.cassandra_storage_port,
    )
    (folder / "cassandra.yaml").write_text(config + _secured(security(settings)))
    (folder / "logback.xml").write_text(_LOGBACK)
    return Node(
        name=f"cassandra-{number}",
        address=f"{host}:{settings.cassandra_port}",
        command=(
            *java(settings, heap=settings.cassandra_heap),
            *_options(folder, alone=settings.nodes == 1),
            *_jmx(settings, number),
            "-cp",
            f"{_JARS}/*",
            "org.apache.cassandra.service.CassandraDaemon",
        ),
        folder=folder,
        after=None if number == 1 else "cassandra-1",
    )


def _secured(security: Security | None) -> str:
    return "" if security is None else _SECURED.format(both=security.pair.both, ca=security.ca)


def _jmx(settings: EngineSettings, number: int) -> list[str]:
    first = settings.cassandra_jmx_port
    return [f"-Dcassandra.jmx.local.port={first + number - 1}"] if first else []


def _module_options() -> list[str]:
    return [
        *[f"--add-exports={package}=ALL-UNNAMED" for package in _EXPORTS],
        *[f"--add-opens={package}=ALL-UNNAMED" for package in _OPENS],
    ]


def _options(folder: Path, *, alone: bool) -> list[str]:
    return [
        *_module_options(),
        "-Djdk.attach.allowAttachSelf=true",
        f"-Dcassandra.config=file://{folder / 'cassandra.yaml'}",
        f"-Dcassandra.storagedir={folder / 'data'}",
        f"-Dlogback.configurationFile={folder / 'logback.xml'}",
        "-Dcassandra.skip_wait_for_gossip_to_settle=0",
        # With passwords the first user is created without delay.
        "-Dcassandra.superuser_setup_delay_ms=0",
        # Seconds that a node waits for gossip. With a shorter time the second and third node stop.
        f"-Dcassandra.ring_delay_ms={100 if alone else 3000}",
    ]

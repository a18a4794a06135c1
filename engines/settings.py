"""Settings of the engines: ports, number of nodes and memory, from the environment."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

CACHE = Path(__file__).resolve().parent.parent / ".cache"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """Settings of one set of engines."""

    data: Path = CACHE / "engines" / "data"
    state: Path = CACHE / "engines" / "state.json"
    """File with the running nodes. A second set of engines needs another file, folder and other ports."""
    quick_start: bool = False
    """For tests: the engines start with half the work, and run slower once warm."""
    nodes: int = 1
    """Nodes of Kafka and of Cassandra: 1, or 3 for a cluster that survives the loss of one."""
    kafka_host: str = "127.0.0.1"
    """Address of each engine, to listen on and to connect to. `{}` stands for the number of the node."""
    kafka_port: int = 19092
    """Port of the first node. Node n uses the port 10 above that of node n - 1, and the next port for the controllers.
    """
    kafka_heap: str = "512m"
    cassandra_host: str = "127.0.0.{}"
    cassandra_port: int = 19042
    """The same on every host. The nodes connect to each other on `cassandra_storage_port`."""
    cassandra_storage_port: int = 17000
    cassandra_jmx_port: int = 0
    """Port of the first node for nodetool, on 127.0.0.1. Node n uses the port n - 1 above it. 0: no nodetool."""
    cassandra_heap: str = "768m"
    redis_host: str = "127.0.0.1"
    redis_port: int = 16379
    secured: bool = False
    """Kafka uses SASL_SSL, the others TLS, and Cassandra and Redis also passwords: see security.py."""
    s3_host: str = "127.0.0.1"
    s3_port: int = 19000
    s3_access_key: str = "chatly"
    s3_secret_key: str = "chatly-secret"  # noqa: S105 a server on 127.0.0.1 for tests


def load() -> EngineSettings:
    """Read ENGINES_NODES, ENGINES_DATA, ENGINES_KAFKA_PORT and so on: every field has a variable."""
    defaults = EngineSettings()
    values: dict[str, object] = {}
    for name in EngineSettings.__dataclass_fields__:
        if raw := os.environ.get(f"ENGINES_{name.upper()}"):
            kind = type(getattr(defaults, name))
            values[name] = raw == "1" if kind is bool else kind(raw)
    settings = EngineSettings(**values)  # type: ignore[arg-type]
    # Data created without users has no users: secured engines use a folder beside it.
    return replace(settings, data=settings.data / "secured") if settings.secured else settings

"""Which ports, how many nodes, how much memory: from the environment, with defaults that are rarely taken."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

CACHE = Path(__file__).resolve().parent.parent / ".cache"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """All engines of one set."""

    data: Path = CACHE / "engines" / "data"
    state: Path = CACHE / "engines" / "state.json"
    """What runs: another file is another set of engines, which needs other ports and another folder too."""
    quick_start: bool = False
    """For tests: they start with half the work, and are slower once warm."""
    nodes: int = 1
    """Of Kafka and of Cassandra: 1, or 3 for a cluster that survives the loss of one."""
    kafka_host: str = "127.0.0.1"
    """Of each engine: where it listens, and where it is reached. `{}` stands for the number of the node."""
    kafka_port: int = 19092
    """Node n listens 10 ports further than node n - 1; each also uses the next port, for the controllers."""
    kafka_heap: str = "512m"
    cassandra_host: str = "127.0.0.{}"
    cassandra_port: int = 19042
    """The same on every host; the nodes talk to each other on `cassandra_storage_port`."""
    cassandra_storage_port: int = 17000
    cassandra_heap: str = "768m"
    redis_host: str = "127.0.0.1"
    redis_port: int = 16379
    secured: bool = False
    """Kafka by SASL_SSL, the others by TLS, and Cassandra and Redis with passwords too: see security.py."""
    s3_host: str = "127.0.0.1"
    s3_port: int = 19000
    s3_access_key: str = "chatly"
    s3_secret_key: str = "chatly-secret"  # noqa: S105 a server on 127.0.0.1 for tests


def load() -> EngineSettings:
    """From ENGINES_NODES, ENGINES_DATA, ENGINES_KAFKA_PORT and so on: every field has its variable."""
    defaults = EngineSettings()
    values: dict[str, object] = {}
    for name in EngineSettings.__dataclass_fields__:
        if raw := os.environ.get(f"ENGINES_{name.upper()}"):
            kind = type(getattr(defaults, name))
            values[name] = raw == "1" if kind is bool else kind(raw)
    settings = EngineSettings(**values)  # type: ignore[arg-type]
    # What was made without users has none: secured engines begin anew, beside it.
    return replace(settings, data=settings.data / "secured") if settings.secured else settings

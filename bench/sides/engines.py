"""Kafka, Cassandra, Redis and S3 for one run of the benchmarks: one node each, on free ports, empty."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from engines.fleet import ENGINES, Fleet
from engines.settings import EngineSettings
from tests.engines.ports import on_free_ports


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """Addresses are `host:port`."""

    kafka: str
    cassandra: str
    redis: str
    s3: str
    settings: EngineSettings
    pids: Mapping[str, Sequence[int]]
    partitions: int = 4
    """Number of partitions of a topic."""

    def fresh_name(self, for_whom: str) -> str:
        """Return an unused name for a topic, a keyspace, a prefix and a bucket."""
        return f"{for_whom}{uuid4().hex[:12]}"

    def chatly(self) -> dict[str, str]:
        """Return settings for a mesh on these engines, with its own topic, keyspace, prefix and bucket."""
        name = self.fresh_name("chatly")
        return {
            "CHATLY_ENGINES": "distributed",
            "CHATLY_KAFKA_BOOTSTRAP": self.kafka,
            "CHATLY_KAFKA_TOPIC": name,
            "CHATLY_KAFKA_PARTITIONS": str(self.partitions),
            "CHATLY_KAFKA_REPLICATION": "1",
            "CHATLY_CASSANDRA_CONTACT_POINTS": self.cassandra,
            "CHATLY_CASSANDRA_KEYSPACE": name,
            "CHATLY_CASSANDRA_REPLICATION": "1",
            "CHATLY_REDIS_URL": f"redis://{self.redis}",
            "CHATLY_REDIS_PREFIX": f"{name}:",
            "CHATLY_S3_ENDPOINT": f"http://{self.s3}",
            "CHATLY_S3_ACCESS_KEY": self.settings.s3_access_key,
            "CHATLY_S3_SECRET_KEY": self.settings.s3_secret_key,
            "CHATLY_S3_BUCKET": name,
        }


@contextmanager
def real_engines() -> Iterator[Engines]:
    """Yield running engines that answer. They and all their data are removed at the end."""
    with TemporaryDirectory(prefix="chatly-bench-engines-") as folder:
        settings = on_free_ports(EngineSettings(data=Path(folder) / "data", state=Path(folder) / "state.json"))
        fleet = Fleet(settings)
        fleet.up()
        try:
            yield Engines(
                kafka=fleet.addresses("kafka")[0],
                cassandra=fleet.addresses("cassandra")[0],
                redis=fleet.addresses("redis")[0],
                s3=fleet.addresses("s3")[0],
                settings=settings,
                pids={engine: fleet.pids(engine) for engine in ENGINES},
            )
        finally:
            fleet.down()

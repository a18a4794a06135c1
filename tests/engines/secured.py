"""Kafka with SASL_SSL, Cassandra, Redis and S3 with TLS, all with users: one set for all tests that need it."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from engines.certificates import Authority
from engines.fleet import Fleet
from engines.security import CASSANDRA_USER, PASSWORD, USER, client_settings, security
from engines.settings import EngineSettings
from kernel.cassandra.settings import CassandraSettings
from kernel.kafka.settings import KafkaSettings
from kernel.redis.settings import RedisSettings
from kernel.s3.settings import S3Settings
from tests.engines.ports import on_free_ports

ENGINES = ("redis", "s3", "kafka", "cassandra")


@dataclass(frozen=True, slots=True, kw_only=True)
class Secured:
    """Their addresses as `host:port`, and their CA. The settings are correct until a test changes them."""

    kafka_at: str
    cassandra_at: str
    redis_at: str
    s3_at: str
    ca: str
    other_ca: str
    """A CA that signed none of their certificates."""
    environ: dict[str, str]
    """Settings that a process needs to find and use them."""

    def kafka(self, topic: str, **changes: Any) -> KafkaSettings:
        right = KafkaSettings(
            bootstrap=(self.kafka_at,),
            topic=topic,
            partitions=2,
            replication=1,
            security_protocol="SASL_SSL",
            username=USER,
            password=PASSWORD,
            ca_file=self.ca,
        )
        return replace(right, **changes)

    def cassandra(self, keyspace: str = "chatly", **changes: Any) -> CassandraSettings:
        right = CassandraSettings(
            contact_points=(self.cassandra_at,),
            keyspace=keyspace,
            replication="1",
            username=CASSANDRA_USER,
            password=CASSANDRA_USER,
            ca_file=self.ca,
            request_seconds=15.0,
        )
        return replace(right, **changes)

    def redis(self, **changes: Any) -> RedisSettings:
        right = RedisSettings(url=f"rediss://{USER}@{self.redis_at}/0", password=PASSWORD, ca_file=self.ca)
        return replace(right, **changes)

    def s3(self, bucket: str, **changes: Any) -> S3Settings:
        right = S3Settings(
            endpoint=f"https://{self.s3_at}",
            bucket=bucket,
            access_key=self.environ["CHATLY_S3_ACCESS_KEY"],
            secret_key=self.environ["CHATLY_S3_SECRET_KEY"],
            ca_file=self.ca,
        )
        return replace(right, **changes)


@pytest.fixture(scope="session")
def secured() -> Iterator[Secured]:
    folder = Path(tempfile.mkdtemp(prefix="chatly-secured-"))
    settings = on_free_ports(
        EngineSettings(
            data=folder / "data",
            state=folder / "state.json",
            quick_start=True,
            secured=True,
            cassandra_heap="512m",
        )
    )
    fleet = Fleet(settings)
    made = security(settings)
    assert made is not None
    try:
        fleet.up(ENGINES)
        redis, s3, kafka, cassandra = (fleet.addresses(engine)[0] for engine in ENGINES)
        yield Secured(
            kafka_at=kafka,
            cassandra_at=cassandra,
            redis_at=redis,
            s3_at=s3,
            ca=str(made.ca),
            other_ca=str(Authority(folder / "other").ca),
            environ={
                "CHATLY_KAFKA_BOOTSTRAP": kafka,
                "CHATLY_KAFKA_REPLICATION": "1",
                "CHATLY_CASSANDRA_CONTACT_POINTS": cassandra,
                "CHATLY_CASSANDRA_REPLICATION": "1",
                **client_settings(made, redis=redis, s3=s3),
                "CHATLY_S3_ACCESS_KEY": settings.s3_access_key,
                "CHATLY_S3_SECRET_KEY": settings.s3_secret_key,
            },
        )
    finally:
        fleet.down(ENGINES)
        shutil.rmtree(folder, ignore_errors=True)

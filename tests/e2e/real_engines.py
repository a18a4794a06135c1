"""Settings that connect a mesh to the real engines."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from tests.engines.keyspaces import a_keyspace
from tests.engines.running import S3Server

PrivateEngines = Callable[[], AbstractContextManager[dict[str, str]]]


def engine_settings(name: str, *, kafka: str, cassandra: str, redis_url: str, s3: S3Server) -> dict[str, str]:
    """Return the settings of a mesh with a keyspace, topic, bucket and key prefix of this name."""
    return {
        "CHATLY_ENGINES": "distributed",
        "CHATLY_KAFKA_BOOTSTRAP": kafka,
        "CHATLY_KAFKA_TOPIC": name,
        "CHATLY_KAFKA_PARTITIONS": "4",
        "CHATLY_KAFKA_REPLICATION": "1",
        "CHATLY_CASSANDRA_CONTACT_POINTS": cassandra,
        "CHATLY_CASSANDRA_KEYSPACE": name,
        "CHATLY_CASSANDRA_REPLICATION": "1",
        "CHATLY_REDIS_URL": redis_url,
        "CHATLY_REDIS_PREFIX": f"{name}:",
        "CHATLY_S3_ENDPOINT": s3.endpoint,
        "CHATLY_S3_ACCESS_KEY": s3.access_key,
        "CHATLY_S3_SECRET_KEY": s3.secret_key,
        "CHATLY_S3_BUCKET": name,
    }


@pytest.fixture(scope="session")
def private_engines(
    kafka_bootstrap: str, cassandra_contact_points: str, redis_url: str, s3_server: S3Server
) -> PrivateEngines:
    """Give a mesh its own data in the engines; delete it when the block ends."""

    @contextmanager
    def engines_of_mesh() -> Iterator[dict[str, str]]:
        with a_keyspace(cassandra_contact_points) as name:
            yield engine_settings(
                name, kafka=kafka_bootstrap, cassandra=cassandra_contact_points, redis_url=redis_url, s3=s3_server
            )

    return engines_of_mesh

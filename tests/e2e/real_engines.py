"""What leads a mesh to the real engines."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from tests.engines.keyspaces import a_keyspace
from tests.engines.running import S3Server

RoomOnEngines = Callable[[], AbstractContextManager[dict[str, str]]]


def engine_settings(name: str, *, kafka: str, cassandra: str, redis_url: str, s3: S3Server) -> dict[str, str]:
    """Settings of a mesh that has a keyspace, a topic, a bucket and keys of this name there."""
    return {
        "CHATLY_ENGINES": "distributed",
        "CHATLY_KAFKA_BOOTSTRAP": kafka,
        "CHATLY_KAFKA_TOPIC": name,
        "CHATLY_KAFKA_PARTITIONS": "4",
        "CHATLY_CASSANDRA_CONTACT_POINTS": cassandra,
        "CHATLY_CASSANDRA_KEYSPACE": name,
        "CHATLY_REDIS_URL": redis_url,
        "CHATLY_REDIS_PREFIX": f"{name}:",
        "CHATLY_S3_ENDPOINT": s3.endpoint,
        "CHATLY_S3_ACCESS_KEY": s3.access_key,
        "CHATLY_S3_SECRET_KEY": s3.secret_key,
        "CHATLY_S3_BUCKET": name,
    }


@pytest.fixture(scope="session")
def room_on_engines(
    kafka_bootstrap: str, cassandra_contact_points: str, redis_url: str, s3_server: S3Server
) -> RoomOnEngines:
    """Gives settings of a mesh that shares nothing there with any other; what it made is gone when the block ends."""

    @contextmanager
    def room() -> Iterator[dict[str, str]]:
        with a_keyspace(cassandra_contact_points) as name:
            yield engine_settings(
                name, kafka=kafka_bootstrap, cassandra=cassandra_contact_points, redis_url=redis_url, s3=s3_server
            )

    return room

"""Real engines for the scenarios that need some."""

from collections.abc import Iterator

import pytest

from tests.e2e.real_engines import engine_settings
from tests.engines.keyspaces import a_keyspace
from tests.engines.running import S3Server


@pytest.fixture
def engines(
    kafka_bootstrap: str, cassandra_contact_points: str, redis_url: str, s3_server: S3Server
) -> Iterator[dict[str, str]]:
    """Settings that lead to them, with room of the test's own there."""
    with a_keyspace(cassandra_contact_points) as name:
        yield engine_settings(
            name, kafka=kafka_bootstrap, cassandra=cassandra_contact_points, redis_url=redis_url, s3=s3_server
        )

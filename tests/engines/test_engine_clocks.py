"""The clocks of engines, with which nodes compare theirs."""

from datetime import UTC, datetime, timedelta

import pytest

from mesh.distributed import cassandra_time, redis_time
from tests.engines.cassandra import fresh_cassandra
from tests.engines.redis_installation import fresh_redis


@pytest.mark.engines("redis")
async def test_the_time_of_redis_is_read(redis_url: str, fresh_name: str) -> None:
    async with fresh_redis(redis_url, fresh_name) as redis:
        offset = await redis_time(redis) - datetime.now(UTC)

    assert abs(offset) < timedelta(seconds=2)


@pytest.mark.engines("cassandra")
async def test_the_time_of_cassandra_is_read(cassandra_contact_points: str, fresh_name: str) -> None:
    async with fresh_cassandra(cassandra_contact_points, fresh_name) as cassandra:
        offset = await cassandra_time(cassandra) - datetime.now(UTC)

    assert abs(offset) < timedelta(seconds=2)

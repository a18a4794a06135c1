"""Every adapter of the message store, the tail and the claims; a new one joins by one line."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from history.adapters.memory_claims import MemorySendClaims
from history.adapters.memory_tail import MemoryHotTail
from history.adapters.redis_claims import RedisSendClaims
from history.adapters.redis_tail import RedisHotTail
from history.open import HistoryStore, cassandra_history, cassandra_schema, open_history
from history.ports import HotTail, SendClaims
from tests.engines.cassandra import fresh_cassandra
from tests.engines.redis_house import fresh_redis

STORES = ["sqlite", pytest.param("cassandra", marks=pytest.mark.engines("cassandra"))]
TAILS_AND_CLAIMS = ["memory", pytest.param("redis", marks=pytest.mark.engines("redis"))]


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path, fresh_name: str) -> AsyncIterator[HistoryStore]:
    if request.param == "sqlite":
        async with open_history(tmp_path) as opened:
            yield opened
    else:
        contact_points = request.getfixturevalue("cassandra_contact_points")
        async with fresh_cassandra(contact_points, fresh_name, cassandra_schema()) as session:
            yield cassandra_history(session)


@pytest.fixture(params=TAILS_AND_CLAIMS)
async def tail(request: pytest.FixtureRequest, fresh_name: str) -> AsyncIterator[HotTail]:
    if request.param == "memory":
        yield MemoryHotTail()
    else:
        async with fresh_redis(request.getfixturevalue("redis_url"), fresh_name) as redis:
            yield RedisHotTail(redis=redis, log_id="log")


@pytest.fixture(params=TAILS_AND_CLAIMS)
async def claims(request: pytest.FixtureRequest, fresh_name: str) -> AsyncIterator[SendClaims]:
    if request.param == "memory":
        yield MemorySendClaims()
    else:
        async with fresh_redis(request.getfixturevalue("redis_url"), fresh_name) as redis:
            yield RedisSendClaims(redis=redis)

"""Fixtures with every adapter of the message store, the hot tail and the claims. Add a new adapter here."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from history.open import HistoryStore, cassandra_history, cassandra_schema, open_history
from history.ports import HotTail, SendClaims
from history.unstored.claims import MemorySendClaims
from history.unstored.memory import MemoryHotTail
from history.unstored.redis import RedisHotTail
from history.unstored.redis_claims import RedisSendClaims
from tests.engines.keyspaces import a_keyspace, emptied_cassandra
from tests.engines.redis_installation import fresh_redis
from tests.fakes import FakeClock

STORES = ["sqlite", pytest.param("cassandra", marks=pytest.mark.engines("cassandra"))]
TAILS_AND_CLAIMS = ["memory", pytest.param("redis", marks=pytest.mark.engines("redis"))]


@pytest.fixture(scope="session")
def history_keyspace(cassandra_contact_points: str) -> Iterator[str]:
    with a_keyspace(cassandra_contact_points) as name:
        yield name


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[HistoryStore]:
    if request.param == "sqlite":
        async with open_history(tmp_path) as opened:
            yield opened
    else:
        contact_points = request.getfixturevalue("cassandra_contact_points")
        keyspace = request.getfixturevalue("history_keyspace")
        async with emptied_cassandra(contact_points, keyspace, cassandra_schema()) as session:
            yield cassandra_history(session)


@pytest.fixture(params=TAILS_AND_CLAIMS)
async def tail(request: pytest.FixtureRequest, fresh_name: str) -> AsyncIterator[HotTail]:
    if request.param == "memory":
        yield MemoryHotTail()
    else:
        async with fresh_redis(request.getfixturevalue("redis_url"), fresh_name) as redis:
            yield RedisHotTail(redis=redis, log_id="log")


@pytest.fixture(params=TAILS_AND_CLAIMS)
async def claims(request: pytest.FixtureRequest, fresh_name: str, clock: FakeClock) -> AsyncIterator[SendClaims]:
    if request.param == "memory":
        yield MemorySendClaims(clock=clock)
    else:
        async with fresh_redis(request.getfixturevalue("redis_url"), fresh_name) as redis:
            yield RedisSendClaims(redis=redis, clock=clock)

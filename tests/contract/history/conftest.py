"""Every adapter of the message store, the tail and the claims; a new one joins by one line."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from history.adapters.memory_claims import MemorySendClaims
from history.adapters.memory_tail import MemoryHotTail
from history.adapters.redis_claims import RedisSendClaims
from history.adapters.redis_tail import RedisHotTail
from history.open import HistoryStore, open_history
from history.ports import HotTail, SendClaims
from tests.engines.redis import fresh_redis

STORES = {"sqlite": open_history}
TAILS_AND_CLAIMS = ["memory", pytest.param("redis", marks=pytest.mark.engines("redis"))]


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[HistoryStore]:
    async with STORES[request.param](tmp_path) as opened:
        yield opened


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

"""Counts of failed password checks in Redis, shared by all nodes, with a fallback to this node's own counts."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from kernel.redis.handle import Call, RedisHandle, Script
from kernel.redis.protocol import Part
from kernel.retry import suppress_unavailable
from kernel.time import Clock
from services.auth.attempts import EXPIRES_AFTER, delay_after
from services.auth.ports import AttemptLimiter

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000

# ARGV[1]: the time now in microseconds since 1970, or empty for the server's time.
# ARGV[2]: microseconds until a count expires.
_FAILURES = """
local at = tonumber(ARGV[1])
if not at then
  local time = redis.call('TIME')
  at = time[1] * 1000000 + time[2]
end
local failures = redis.call('HMGET', KEYS[1], 'count', 'last')
local count, passed = tonumber(failures[1] or 0), at - tonumber(failures[2] or at)
if passed > tonumber(ARGV[2]) then count = 0 end
"""
_READ = Script.of(f"{_FAILURES} return {{count, passed}}")
_RECORD_FAILURE = Script.of(f"""{_FAILURES}
redis.call('HSET', KEYS[1], 'count', count + 1, 'last', at)
redis.call('PEXPIRE', KEYS[1], ARGV[2] / 1000)
""")


class RedisAttempts:
    """AttemptLimiter in Redis. It stores each key as a hash `attempts:{digest}` with the fields `count` and `last`.

    `digest` is the SHA-256 of the key, because keys can contain e-mail addresses.
    """

    def __init__(self, *, redis: RedisHandle, free: int = 5, clock: Clock | None = None) -> None:
        """`free`: the number of failures that causes the first delay.

        `clock`: the source of time. With None, the Redis server is the source.
        """
        self._redis = redis
        self._free = free
        self._clock = clock

    async def delay(self, keys: Collection[str]) -> float:
        found = await self._redis.run_all(_READ, self._calls(keys))
        return max((self._remaining(count, passed) for count, passed in found), default=0.0)

    async def record_failure(self, keys: Collection[str]) -> None:
        await self._redis.run_all(_RECORD_FAILURE, self._calls(keys))

    async def record_success(self, key: str) -> None:
        await self._redis.ask([("DEL", self._name(key))])

    def _remaining(self, count: int, passed: int) -> float:
        delay = delay_after(count, free=self._free) // _MICROSECOND
        return max(0, delay - passed) / _SECOND

    def _calls(self, keys: Collection[str]) -> Sequence[Call]:
        now: Part = "" if self._clock is None else (self._clock.now() - _EPOCH) // _MICROSECOND
        return [Call([self._name(key)], [now, EXPIRES_AFTER // _MICROSECOND]) for key in keys]

    def _name(self, key: str) -> str:
        return self._redis.key(f"attempts:{hashlib.sha256(key.encode()).hexdigest()}")


class FallbackAttempts:
    """AttemptLimiter that uses this process's own counts while Redis is unavailable."""

    def __init__(self, *, shared: AttemptLimiter, local: AttemptLimiter) -> None:
        self._shared = shared
        self._local = local

    async def delay(self, keys: Collection[str]) -> float:
        with suppress_unavailable():
            return await self._shared.delay(keys)
        return await self._local.delay(keys)

    async def record_failure(self, keys: Collection[str]) -> None:
        # Failures are always counted here too, so that an outage of Redis does not reset the counts.
        await self._local.record_failure(keys)
        with suppress_unavailable():
            await self._shared.record_failure(keys)

    async def record_success(self, key: str) -> None:
        await self._local.record_success(key)
        with suppress_unavailable():
            await self._shared.record_success(key)

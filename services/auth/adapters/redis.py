"""Counts of failed password checks in Redis, shared by all nodes, with a fallback to this node's own counts."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from kernel.redis.handle import Call, RedisHandle, Script
from kernel.redis.protocol import Part
from kernel.retry import suppress_unavailable
from kernel.time import Clock
from services.auth.attempts import EXPIRES_AFTER, AttemptLimit
from services.auth.ports import AttemptLimiter

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000

# ARGV[1]: the time now in microseconds since 1970, or empty for the server's time.
# ARGV[2]: microseconds until a count expires. ARGV[3]: the failures without a delay. ARGV[4]: the longest delay.
# ARGV[5]: the microseconds in which one failure is forgotten, or 0.
# ARGV[6]: 1 to count the attempt if it need not wait. Returns the remaining delay in microseconds.
_BEGIN = Script.of("""
local at = tonumber(ARGV[1])
if not at then
  local time = redis.call('TIME')
  at = time[1] * 1000000 + time[2]
end
local failures = redis.call('HMGET', KEYS[1], 'count', 'last')
local count, passed = tonumber(failures[1] or 0), at - tonumber(failures[2] or at)
if passed > tonumber(ARGV[2]) then count = 0 end
local forgotten = tonumber(ARGV[5])
if forgotten > 0 then count = math.max(0, count - passed / forgotten) end
local free, delay = tonumber(ARGV[3]), 0
if count >= free then
  delay = math.min(2 ^ math.min(math.floor(count) - free, 20) * 1000000, tonumber(ARGV[4])) - passed
end
if delay > 0 then return delay end
if ARGV[6] == '1' then
  redis.call('HSET', KEYS[1], 'count', count + 1, 'last', at)
  redis.call('PEXPIRE', KEYS[1], ARGV[2] / 1000)
end
return 0
""")
_FORGIVE = Script.of("""
local count = tonumber(redis.call('HGET', KEYS[1], 'count') or 0) - ARGV[1]
if count > 0 then redis.call('HSET', KEYS[1], 'count', count) else redis.call('DEL', KEYS[1]) end
""")
_RESET = Script.of("""
local count = tonumber(redis.call('HGET', KEYS[1], 'count') or 0)
redis.call('DEL', KEYS[1])
return math.floor(count)
""")


class RedisAttempts:
    """AttemptLimiter in Redis. It stores each key as a hash `attempts:{digest}` with the fields `count` and `last`.

    `digest` is the SHA-256 of the key, because keys can contain e-mail addresses.
    """

    def __init__(self, *, redis: RedisHandle, clock: Clock | None = None) -> None:
        """`clock`: the source of time. With None, the Redis server is the source."""
        self._redis = redis
        self._clock = clock

    async def begin(self, limits: Sequence[AttemptLimit]) -> float:
        # Look first: an attempt that one key refuses must not change the time of the last failure of another.
        if delay := max(await self._run(limits, count=False), default=0.0):
            return delay
        delays = await self._run(limits, count=True)
        if delay := max(delays, default=0.0):
            # A concurrent attempt was faster. The keys may be on different servers, so the counts are undone here.
            for limit, refused in zip(limits, delays, strict=True):
                if not refused:
                    await self.forgive(limit.key, 1)
        return delay

    async def forgive(self, key: str, failures: int) -> None:
        await self._redis.run(_FORGIVE, [self._name(key)], failures)

    async def reset(self, key: str) -> int:
        return int(await self._redis.run(_RESET, [self._name(key)]))

    async def _run(self, limits: Sequence[AttemptLimit], *, count: bool) -> Sequence[float]:
        """Return the seconds that each key must wait."""
        now: Part = "" if self._clock is None else (self._clock.now() - _EPOCH) // _MICROSECOND
        calls = [
            Call([self._name(limit.key)], [now, EXPIRES_AFTER // _MICROSECOND, *_arguments(limit), int(count)])
            for limit in limits
        ]
        return [delay / _SECOND for delay in await self._redis.run_all(_BEGIN, calls)]

    def _name(self, key: str) -> str:
        return self._redis.key(f"attempts:{hashlib.sha256(key.encode()).hexdigest()}")


def _arguments(limit: AttemptLimit) -> tuple[int, int, int]:
    return limit.free, limit.longest // _MICROSECOND, (limit.forgotten_every or timedelta(0)) // _MICROSECOND


class FallbackAttempts:
    """AttemptLimiter that uses this process's own counts while Redis is unavailable."""

    def __init__(self, *, shared: AttemptLimiter, local: AttemptLimiter) -> None:
        self._shared = shared
        self._local = local

    async def begin(self, limits: Sequence[AttemptLimit]) -> float:
        with suppress_unavailable():
            delay = await self._shared.begin(limits)
            if delay == 0:
                # Attempts are always counted here too, so that an outage of Redis does not reset the counts.
                await self._local.begin(limits)
            return delay
        return await self._local.begin(limits)

    async def forgive(self, key: str, failures: int) -> None:
        await self._local.forgive(key, failures)
        with suppress_unavailable():
            await self._shared.forgive(key, failures)

    async def reset(self, key: str) -> int:
        counted = await self._local.reset(key)
        with suppress_unavailable():
            return await self._shared.reset(key)
        return counted

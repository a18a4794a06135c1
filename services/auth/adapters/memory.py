"""Counts of failed password checks, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from kernel.cache import TtlCache
from kernel.time import Clock
from services.auth.attempts import EXPIRES_AFTER, AttemptLimit, delay_after


@dataclass(frozen=True, slots=True)
class _Failures:
    count: float
    last_at: float


class MemoryAttempts:
    """AttemptLimiter with a bounded number of keys. The key whose last failure is the oldest is dropped first."""

    def __init__(self, *, clock: Clock, capacity: int = 100_000) -> None:
        self._clock = clock
        self._failures: TtlCache[str, _Failures] = TtlCache(
            capacity=capacity, ttl=EXPIRES_AFTER.total_seconds(), clock=clock
        )

    async def begin(self, limits: Sequence[AttemptLimit]) -> float:
        now = self._clock.monotonic()
        delay = max((self._remaining(limit, now) for limit in limits), default=0.0)
        if delay == 0:
            for limit in limits:
                self._failures.put(limit.key, _Failures(self._count(limit, now) + 1, now))
        return delay

    async def forgive(self, key: str, failures: int) -> None:
        known = self._failures.get(key)
        if known is None:
            return
        if known.count > failures:
            self._failures.put(key, _Failures(known.count - failures, known.last_at))
        else:
            self._failures.pop(key)

    async def reset(self, key: str) -> int:
        failures = self._failures.get(key)
        self._failures.pop(key)
        return int(failures.count) if failures else 0

    def _remaining(self, limit: AttemptLimit, now: float) -> float:
        failures = self._failures.get(limit.key)
        if failures is None:
            return 0.0
        delay = delay_after(self._count(limit, now), free=limit.free, longest=limit.longest)
        return max(0.0, failures.last_at + delay.total_seconds() - now)

    def _count(self, limit: AttemptLimit, now: float) -> float:
        failures = self._failures.get(limit.key)
        return limit.remaining(failures.count, timedelta(seconds=now - failures.last_at)) if failures else 0.0

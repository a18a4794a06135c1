"""Counts of failed password checks, in memory."""

from collections.abc import Collection
from dataclasses import dataclass

from kernel.cache import TtlCache
from kernel.time import Clock
from services.auth.attempts import EXPIRES_AFTER, delay_after


@dataclass(frozen=True, slots=True)
class _Failures:
    count: int
    last_at: float


class MemoryAttempts:
    """AttemptLimiter with a bounded number of keys. The key whose last failure is the oldest is dropped first."""

    def __init__(self, *, clock: Clock, free: int = 5, capacity: int = 100_000) -> None:
        """`free`: the number of failures that causes the first delay."""
        self._clock = clock
        self._free = free
        self._failures: TtlCache[str, _Failures] = TtlCache(
            capacity=capacity, ttl=EXPIRES_AFTER.total_seconds(), clock=clock
        )

    async def delay(self, keys: Collection[str]) -> float:
        now = self._clock.monotonic()
        return max((self._remaining(key, now) for key in keys), default=0.0)

    async def record_failure(self, keys: Collection[str]) -> None:
        now = self._clock.monotonic()
        for key in keys:
            failures = self._failures.get(key)
            self._failures.put(key, _Failures(failures.count + 1 if failures else 1, now))

    async def record_success(self, key: str) -> None:
        self._failures.pop(key)

    def _remaining(self, key: str, now: float) -> float:
        failures = self._failures.get(key)
        if failures is None:
            return 0.0
        delay = delay_after(failures.count, free=self._free)
        return max(0.0, failures.last_at + delay.total_seconds() - now)

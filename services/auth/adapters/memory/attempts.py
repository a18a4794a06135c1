"""Failed attempts in this process's memory."""

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass

from kernel.time import Clock
from services.auth.attempts import FORGOTTEN_AFTER, delay_after


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last_at: float = 0.0


class MemoryAttempts:
    """AttemptLimiter. Holds a bounded number of keys; those that failed longest ago go first."""

    def __init__(self, *, clock: Clock, free: int = 5, capacity: int = 100_000) -> None:
        """`free`: the failure after which a key waits for the first time."""
        self._clock = clock
        self._free = free
        self._capacity = capacity
        self._failures: OrderedDict[str, _Failures] = OrderedDict()

    async def wait(self, keys: Collection[str]) -> float:
        now = self._clock.monotonic()
        return max((self._wait_of(key, now) for key in keys), default=0.0)

    async def failed(self, keys: Collection[str]) -> None:
        now = self._clock.monotonic()
        self._forget_old(now)
        for key in keys:
            failures = self._failures.setdefault(key, _Failures())
            failures.count += 1
            failures.last_at = now
            self._failures.move_to_end(key)

    async def succeeded(self, key: str) -> None:
        self._failures.pop(key, None)

    def _wait_of(self, key: str, now: float) -> float:
        failures = self._failures.get(key)
        if failures is None or _is_old(failures, now):
            return 0.0
        delay = delay_after(failures.count, free=self._free)
        return max(0.0, failures.last_at + delay.total_seconds() - now)

    def _forget_old(self, now: float) -> None:
        while self._failures:
            oldest = next(iter(self._failures))
            if not _is_old(self._failures[oldest], now) and len(self._failures) < self._capacity:
                return
            del self._failures[oldest]


def _is_old(failures: _Failures, now: float) -> bool:
    return now - failures.last_at > FORGOTTEN_AFTER.total_seconds()

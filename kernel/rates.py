"""Limits of how often something may happen: one bucket per key, on this node. `kernel.redis.rates` joins the nodes."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from kernel.time import Clock

K = TypeVar("K", bound=Hashable)

_KEPT = 50_000
_ROUNDING_SECONDS = 1e-6
"""After exactly the announced wait, the call is there, however the sums were rounded."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket of `calls` that is full again after `seconds`."""

    calls: float
    seconds: float

    @property
    def spacing(self) -> float:
        """Seconds in which one call comes back."""
        return self.seconds / self.calls


class Buckets(Generic[K]):
    """The buckets of this node. A bucket is kept until it is full again, so that many keys cannot reset one."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._full_at: dict[K, float] = {}
        """The time at which a bucket is full again, on the clock's monotonic scale."""
        self._sweep_above = _KEPT

    def take(self, key: K, rate: Rate) -> float:
        """Take one call and return 0, or return the seconds until one is there again."""
        now = self._clock.monotonic()
        full_at = max(self._full_at.get(key, now), now) + rate.spacing
        if (wait := full_at - now - rate.seconds) > _ROUNDING_SECONDS:
            return wait
        self._keep(key, full_at, now)
        return 0.0

    def take_anyway(self, key: K, rate: Rate) -> float:
        """Take one call, even ahead of time, and return the seconds that the caller must wait before it."""
        now = self._clock.monotonic()
        full_at = max(self._full_at.get(key, now), now) + rate.spacing
        self._keep(key, full_at, now)
        return max(0.0, full_at - now - rate.seconds)

    def raise_to(self, key: K, seconds: float) -> None:
        """Let the bucket be full no earlier than in `seconds`, because other nodes took calls too."""
        now = self._clock.monotonic()
        self._keep(key, max(self._full_at.get(key, now), now + seconds), now)

    def _keep(self, key: K, full_at: float, now: float) -> None:
        if key not in self._full_at and len(self._full_at) >= self._sweep_above:
            self._full_at = {known: time for known, time in self._full_at.items() if time > now}
            self._sweep_above = max(_KEPT, 2 * len(self._full_at))
        self._full_at[key] = full_at

"""Limits of how often something may happen: one bucket per key, on this node. `kernel.redis.rates` joins the nodes."""

import math
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from kernel.errors import ChatlyError, Code, KernelReason
from kernel.grpc.context import Caller, UserCaller
from kernel.ids import UserId
from kernel.time import Clock

K = TypeVar("K", bound=Hashable)

UserMethod = tuple[UserId, str]
"""A user and the full name of a method."""

_KEPT = 50_000
_ROUNDING_SECONDS = 1e-6
"""After exactly the announced wait, the call is there, however the sums were rounded."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket of `calls` that is full again after `seconds`."""

    calls: float
    seconds: float
    spacing: float = field(init=False)
    """Seconds in which one call comes back."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "spacing", self.seconds / self.calls)


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


class UserRates:
    """Counts the calls of each user and method on this node. Calls of services and without a token are not counted."""

    def __init__(self, *, clock: Clock, factor: float) -> None:
        """`factor` multiplies all limits. 0: no limits."""
        self._factor = factor
        self._buckets: Buckets[UserMethod] = Buckets(clock=clock)
        self._rates: dict[str, Rate] = {}
        self._admitted: Counter[UserMethod] = Counter()

    def declare(self, method: str, rate: Rate | None) -> None:
        """Set the limit of a method. None: no limit."""
        if rate is not None and self._factor:
            self._rates[method] = Rate(rate.calls * self._factor, rate.seconds)

    def rate_of(self, method: str) -> Rate:
        """Return the limit of a method that has one."""
        return self._rates[method]

    def admit(self, method: str, caller: Caller) -> None:
        """Count a call. Raise RESOURCE_EXHAUSTED `RATE_LIMITED` with the seconds to wait if the limit is reached."""
        rate = self._rates.get(method)
        if rate is None or not isinstance(caller, UserCaller):
            return
        key = (caller.user_id, method)
        if wait := self._buckets.take(key, rate):
            raise _rate_limited(rate, wait)
        self._admitted[key] += 1

    def take_admitted(self) -> "Counter[UserMethod]":
        """Return the calls that were admitted since the last call of this method."""
        admitted, self._admitted = self._admitted, Counter()
        return admitted

    def raise_to(self, key: UserMethod, seconds: float) -> None:
        """Let the bucket be full no earlier than in `seconds`, because other nodes admitted calls too."""
        self._buckets.raise_to(key, seconds)


def _rate_limited(rate: Rate, wait: float) -> ChatlyError:
    calls, seconds = f"{rate.calls:g}", f"{rate.seconds:g}"
    message = f"at most {calls} of these calls per user in {seconds} s: try again in {math.ceil(wait)} s"
    metadata = {"limit": calls, "seconds": seconds}
    return ChatlyError(Code.RESOURCE_EXHAUSTED, KernelReason.RATE_LIMITED, message, metadata, retry_after=wait)

"""How fast one user may send by streams. What comes as calls of its own is limited at the edge."""

from kernel.ids import UserId
from kernel.time import Clock

_BURST_SECONDS = 1.0
_KEPT = 10_000


class SendRate:
    """For all streams of a user on this node together. Who is faster waits; nobody is refused."""

    def __init__(self, *, clock: Clock, per_second: float) -> None:
        """`per_second`: sends, after as many at once; 0: no limit."""
        self._clock = clock
        self._spacing = 1 / per_second if per_second else 0.0
        self._free_at: dict[UserId, float] = {}
        """When all that a user has sent would be done, at the rate."""

    def wait(self, user_id: UserId) -> float:
        """Count one more send; returns the seconds after which it may begin."""
        if not self._spacing:
            return 0.0
        now = self._clock.monotonic()
        if user_id not in self._free_at and len(self._free_at) >= _KEPT:
            self._free_at = {user_id: later for user_id, later in self._free_at.items() if later > now}
        free_at = max(self._free_at.get(user_id, now), now) + self._spacing
        self._free_at[user_id] = free_at
        return max(0.0, free_at - now - _BURST_SECONDS)

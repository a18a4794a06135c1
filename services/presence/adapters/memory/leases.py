"""Leases within one process."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from kernel.ids import HybridClock, UserId
from kernel.time import Clock
from services.presence.model import Connection, Reachability


@dataclass(frozen=True, slots=True)
class _Lease:
    runs_out: float
    """By the monotonic clock, so that a corrected wall clock throws nobody out."""
    seen_at: datetime


@dataclass(slots=True)
class _OnlineUser:
    version: int
    leases: dict[UUID, _Lease] = field(default_factory=dict)


class MemoryLeases:
    """Leases and Reach for the embedded default. Keeps only users who are online.

    All versions come from one clock that never gives the same tick twice and, being a wall clock, goes on after a
    restart. Users who are offline share the newest version that any of them had.
    """

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._ticks = HybridClock(clock=clock)
        self._online: dict[UserId, _OnlineUser] = {}
        self._offline_version = self._next_version()

    async def hold(self, connections: Iterable[Connection], *, ttl: float) -> Sequence[UserId]:
        came: list[UserId] = []
        for connection in connections:
            user = self._online.get(connection.user_id)
            if user is None:
                user = self._online[connection.user_id] = _OnlineUser(self._next_version())
                came.append(connection.user_id)
            user.leases[connection.connection_id] = self._lease(ttl)
        return came

    async def release(self, connection: Connection, *, grace: float) -> None:
        user = self._online.get(connection.user_id)
        if user is not None and connection.connection_id in user.leases:
            user.leases[connection.connection_id] = self._lease(grace)

    async def sweep(self) -> Mapping[UserId, datetime]:
        now = self._clock.monotonic()
        gone: dict[UserId, datetime] = {}
        for user_id, user in list(self._online.items()):
            last_seen = max(lease.seen_at for lease in user.leases.values())
            user.leases = {key: lease for key, lease in user.leases.items() if lease.runs_out > now}
            if not user.leases:
                del self._online[user_id]
                self._offline_version = self._next_version()
                gone[user_id] = last_seen
        return gone

    async def read(self, user_ids: Iterable[UserId]) -> Mapping[UserId, Reachability]:
        return {user_id: self._reachability(user_id) for user_id in user_ids}

    async def bump(self, user_ids: Iterable[UserId]) -> None:
        for user_id in user_ids:
            user = self._online.get(user_id)
            if user is None:
                self._offline_version = self._next_version()
            else:
                user.version = self._next_version()

    def _reachability(self, user_id: UserId) -> Reachability:
        user = self._online.get(user_id)
        return Reachability(False, self._offline_version) if user is None else Reachability(True, user.version)

    def _lease(self, seconds: float) -> _Lease:
        return _Lease(self._clock.monotonic() + seconds, self._clock.now())

    def _next_version(self) -> int:
        return self._ticks.next().time

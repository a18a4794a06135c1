"""Leases in memory, for one process."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from kernel.ids import HybridClock, UserId
from kernel.time import Clock
from services.presence.model import Connection, OnlineState


@dataclass(frozen=True, slots=True)
class _Lease:
    expires_at: float
    """Monotonic time, so that no lease expires when the wall clock is corrected."""
    seen_at: datetime


@dataclass(slots=True)
class _OnlineUser:
    version: int
    leases: dict[UUID, _Lease] = field(default_factory=dict)


class MemoryLeases:
    """Leases and OnlineStates of one process. Holds only users who are online.

    Versions are unique ticks of one hybrid clock. This clock follows the wall clock, so versions keep growing after a
    restart. All offline users share one version, which grows whenever one of them changes.
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

    async def remove_expired(self) -> Mapping[UserId, datetime]:
        now = self._clock.monotonic()
        offline: dict[UserId, datetime] = {}
        for user_id, user in list(self._online.items()):
            last_seen = max(lease.seen_at for lease in user.leases.values())
            user.leases = {key: lease for key, lease in user.leases.items() if lease.expires_at > now}
            if not user.leases:
                del self._online[user_id]
                self._offline_version = self._next_version()
                offline[user_id] = last_seen
        return offline

    async def read(self, user_ids: Iterable[UserId]) -> Mapping[UserId, OnlineState]:
        return {user_id: self._state(user_id) for user_id in user_ids}

    async def increment_versions(self, user_ids: Iterable[UserId]) -> None:
        for user_id in user_ids:
            user = self._online.get(user_id)
            if user is None:
                self._offline_version = self._next_version()
            else:
                user.version = self._next_version()

    def _state(self, user_id: UserId) -> OnlineState:
        user = self._online.get(user_id)
        return OnlineState(False, self._offline_version) if user is None else OnlineState(True, user.version)

    def _lease(self, seconds: float) -> _Lease:
        return _Lease(self._clock.monotonic() + seconds, self._clock.now())

    def _next_version(self) -> int:
        return self._ticks.next().time

"""Fakes for the ports of presence."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from kernel.errors import KernelReason, unavailable
from kernel.ids import UserId
from kernel.time import Clock
from services.presence.adapters.memory import MemoryLeases
from services.presence.model import Channel, Connection, CustomStatus, EventGap, PresenceEvent, Profile
from tests.builders import an_id
from tests.waiting import eventually


def a_user() -> UserId:
    return UserId(an_id())


class FakeContacts:
    """ContactSource over pairs of users who share a chat; fails while `unavailable` is set."""

    def __init__(self, *pairs: tuple[UserId, UserId]) -> None:
        self.pairs = set(pairs)
        self.unavailable = False
        self.calls = 0

    async def contacts(self, user_id: UserId) -> frozenset[UserId]:
        self.calls += 1
        if self.unavailable:
            raise unavailable(KernelReason.SERVICE_UNAVAILABLE, "messaging is unreachable")
        return frozenset(other for pair in self.pairs if user_id in pair for other in pair if other != user_id)


class FakeProfiles:
    """ProfileStore in memory; fails while `unavailable` is set."""

    def __init__(self) -> None:
        self.unavailable = False
        self.failed_calls = 0
        self.seen: dict[UserId, datetime] = {}
        self.statuses: dict[UserId, CustomStatus] = {}

    async def read(self, user_ids: Iterable[UserId]) -> Mapping[UserId, Profile]:
        self._check()
        return {user_id: Profile(self.seen.get(user_id), self.statuses.get(user_id)) for user_id in user_ids}

    async def record_seen(self, times: Mapping[UserId, datetime]) -> None:
        self._check()
        for user_id, moment in times.items():
            self.seen[user_id] = max(moment, self.seen.get(user_id, moment))

    async def set_status(self, user_id: UserId, status: CustomStatus | None) -> None:
        self._check()
        self.statuses.pop(user_id, None)
        if status is not None:
            self.statuses[user_id] = status

    async def erase(self, user_id: UserId) -> None:
        self._check()
        self.seen.pop(user_id, None)
        self.statuses.pop(user_id, None)

    async def remove_expired_statuses(self, now: datetime) -> Sequence[UserId]:
        self._check()
        expired = [user_id for user_id, status in self.statuses.items() if status.expired(now)]
        for user_id in expired:
            del self.statuses[user_id]
        return expired

    def _check(self) -> None:
        if self.unavailable:
            self.failed_calls += 1
            raise unavailable(KernelReason.STORE_UNAVAILABLE, "the store is unavailable")


class FakeEvents:
    """EventPublisher that records events, and EventFeed that never receives one."""

    def __init__(self) -> None:
        self.published: list[PresenceEvent] = []
        self.subscribed: set[Channel] = set()

    async def publish(self, events: Sequence[PresenceEvent]) -> None:
        self.published.extend(events)

    async def subscribe(self, channels: Iterable[Channel]) -> None:
        self.subscribed.update(channels)

    async def unsubscribe(self, channels: Iterable[Channel]) -> None:
        self.subscribed.difference_update(channels)

    async def receive(self) -> Sequence[PresenceEvent | EventGap]:
        await asyncio.Event().wait()
        return ()


class WatchedLeases(MemoryLeases):
    """MemoryLeases that record calls, so that tests can wait for the loops."""

    def __init__(self, *, clock: Clock) -> None:
        super().__init__(clock=clock)
        self.went_offline: list[UserId] = []
        self.released: list[UserId] = []
        self._renewals = 0
        self._sweeps = 0

    async def hold(self, connections: Iterable[Connection], *, ttl: float) -> Sequence[UserId]:
        self._renewals += 1
        return await super().hold(connections, ttl=ttl)

    async def release(self, connection: Connection, *, grace: float) -> None:
        await super().release(connection, grace=grace)
        self.released.append(connection.user_id)

    async def remove_expired(self) -> Mapping[UserId, datetime]:
        gone = await super().remove_expired()
        self.went_offline.extend(gone)
        self._sweeps += 1
        return gone

    async def swept(self) -> None:
        """Wait until the loops have renewed and then swept at the current time."""
        renewals = self._renewals
        await eventually(lambda: self._renewals > renewals)
        sweeps = self._sweeps
        await eventually(lambda: self._sweeps > sweeps)

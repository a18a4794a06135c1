"""Stand-ins for what presence needs from outside."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from kernel.errors import Reason, unavailable
from kernel.ids import UserId
from kernel.time import Clock
from services.presence.adapters.memory.leases import MemoryLeases
from services.presence.model import Channel, Connection, CustomStatus, News, NewsGap, Profile
from tests.builders import an_id
from tests.waiting import eventually


def a_user() -> UserId:
    return UserId(an_id())


class FakeContacts:
    """ContactSource: pairs of users who share a chat; `away` makes it fail."""

    def __init__(self, *pairs: tuple[UserId, UserId]) -> None:
        self.pairs = set(pairs)
        self.away = False
        self.asked = 0

    async def contacts(self, user_id: UserId) -> frozenset[UserId]:
        self.asked += 1
        if self.away:
            raise unavailable(Reason.SERVICE_UNAVAILABLE, "messaging cannot be reached")
        return frozenset(other for pair in self.pairs if user_id in pair for other in pair if other != user_id)


class FakeProfiles:
    """ProfileStore in memory; `away` makes it fail."""

    def __init__(self) -> None:
        self.away = False
        self.refused = 0
        self.seen: dict[UserId, datetime] = {}
        self.statuses: dict[UserId, CustomStatus] = {}

    async def read(self, user_ids: Iterable[UserId]) -> Mapping[UserId, Profile]:
        self._check()
        return {user_id: Profile(self.seen.get(user_id), self.statuses.get(user_id)) for user_id in user_ids}

    async def saw(self, moments: Mapping[UserId, datetime]) -> None:
        self._check()
        for user_id, moment in moments.items():
            self.seen[user_id] = max(moment, self.seen.get(user_id, moment))

    async def set_status(self, user_id: UserId, status: CustomStatus | None) -> None:
        self._check()
        self.statuses.pop(user_id, None)
        if status is not None:
            self.statuses[user_id] = status

    async def drop_expired(self, now: datetime) -> Sequence[UserId]:
        self._check()
        expired = [user_id for user_id, status in self.statuses.items() if status.expired(now)]
        for user_id in expired:
            del self.statuses[user_id]
        return expired

    def _check(self) -> None:
        if self.away:
            self.refused += 1
            raise unavailable(Reason.STORE_UNAVAILABLE, "the store cannot be written")


class FakeNews:
    """NewsSender that keeps what was told, and NewsFeed that never hears anything."""

    def __init__(self) -> None:
        self.told: list[News] = []
        self.heard: set[Channel] = set()

    async def publish(self, news: Sequence[News]) -> None:
        self.told.extend(news)

    async def add(self, channels: Iterable[Channel]) -> None:
        self.heard.update(channels)

    async def remove(self, channels: Iterable[Channel]) -> None:
        self.heard.difference_update(channels)

    async def receive(self) -> Sequence[News | NewsGap]:
        await asyncio.Event().wait()
        return ()


class WatchedLeases(MemoryLeases):
    """MemoryLeases that let a test wait for what the loops do with them."""

    def __init__(self, *, clock: Clock) -> None:
        super().__init__(clock=clock)
        self.gone: list[UserId] = []
        self.released: list[UserId] = []
        self._renewals = 0
        self._sweeps = 0

    async def hold(self, connections: Iterable[Connection], *, ttl: float) -> Sequence[UserId]:
        self._renewals += 1
        return await super().hold(connections, ttl=ttl)

    async def release(self, connection: Connection, *, grace: float) -> None:
        await super().release(connection, grace=grace)
        self.released.append(connection.user_id)

    async def sweep(self) -> Mapping[UserId, datetime]:
        gone = await super().sweep()
        self.gone.extend(gone)
        self._sweeps += 1
        return gone

    async def settled(self) -> None:
        """Wait until the loops have renewed and then swept, by the time that it is now."""
        renewals = self._renewals
        await eventually(lambda: self._renewals > renewals)
        sweeps = self._sweeps
        await eventually(lambda: self._sweeps > sweeps)

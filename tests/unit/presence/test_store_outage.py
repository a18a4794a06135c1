"""While a store is away nothing is forgotten: it is told once the store is back."""

import asyncio
from collections.abc import Iterable, Sequence
from uuid import UUID

import pytest

from kernel.errors import ChatlyError, Reason, unavailable
from kernel.ids import UserId
from services.presence.adapters.memory.leases import MemoryLeases
from services.presence.announcer import Announcer
from services.presence.contacts import ContactBook
from services.presence.hub import Hub
from services.presence.lookup import PresenceLookup
from services.presence.model import Connection, Presence, StateChanged
from services.presence.reader import Reader
from services.presence.renewal import Renewal
from services.presence.sweep import Sweep
from tests.builders import NOON
from tests.fakes import FakeClock
from tests.unit.presence.fakes import FakeContacts, FakeNews, FakeProfiles, a_user
from tests.waiting import eventually

ANN = a_user()
PHONE = Connection(ANN, UUID(int=1))


class Room:
    """Leases, profiles and what tells of them."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.leases = MemoryLeases(clock=self.clock)
        self.profiles = FakeProfiles()
        self.news = FakeNews()
        lookup = PresenceLookup(reach=self.leases, profiles=self.profiles, clock=self.clock)
        self.announcer = Announcer(reach=self.leases, lookup=lookup, sender=self.news)
        self.sweep = Sweep(
            leases=self.leases, profiles=self.profiles, announcer=self.announcer, clock=self.clock, every=0.01
        )

    def told(self) -> list[Presence]:
        return [news.presence for news in self.news.told if isinstance(news, StateChanged)]


async def test_who_went_meanwhile_is_written_down_and_announced_later() -> None:
    room = Room()
    await room.leases.hold([PHONE], ttl=10)
    room.clock.advance(10)
    room.profiles.away = True
    with pytest.raises(ChatlyError):
        await room.sweep.once()

    room.profiles.away = False
    loops = [asyncio.create_task(room.sweep.run()), asyncio.create_task(room.announcer.run())]
    await eventually(lambda: bool(room.told()))
    for loop in loops:
        loop.cancel()

    (told,) = room.told()
    assert (told.user_id, told.online, told.last_seen_at) == (ANN, False, NOON)


async def test_the_sweep_goes_on_while_the_store_is_away() -> None:
    room = Room()
    await room.leases.hold([PHONE], ttl=10)
    room.clock.advance(10)
    room.profiles.away = True
    loop = asyncio.create_task(room.sweep.run())
    await eventually(lambda: room.profiles.refused > 1)

    room.profiles.away = False
    await eventually(lambda: ANN in room.profiles.seen)
    loop.cancel()


class LeasesAway(MemoryLeases):
    """Leases that can be out of reach."""

    away = False
    refused = 0

    async def hold(self, connections: Iterable[Connection], *, ttl: float) -> Sequence[UserId]:
        if self.away:
            self.refused += 1
            raise unavailable(Reason.STORE_UNAVAILABLE, "away")
        return await super().hold(connections, ttl=ttl)


async def test_whoever_is_here_is_online_again_once_leases_can_be_renewed() -> None:
    room = Room()
    leases = LeasesAway(clock=room.clock)
    hub = Hub(feed=room.news, sender=room.news, book=ContactBook(source=FakeContacts(), clock=room.clock))
    await hub.enter(Reader(connection=PHONE, device_id=""))
    renewal = Renewal(
        hub=hub,
        leases=leases,
        profiles=room.profiles,
        announcer=room.announcer,
        clock=room.clock,
        every=0.01,
        ttl=10,
    )
    leases.away = True
    loop = asyncio.create_task(renewal.run())
    await eventually(lambda: leases.refused > 1)

    leases.away = False

    async def online() -> bool:
        return (await leases.read([ANN]))[ANN].online

    await eventually(online)
    loop.cancel()


async def test_an_announcement_is_tried_until_it_works() -> None:
    room = Room()
    room.profiles.away = True
    room.announcer.soon([ANN])
    loop = asyncio.create_task(room.announcer.run())
    await eventually(lambda: room.profiles.refused > 0)
    assert room.told() == []

    room.profiles.away = False
    await eventually(lambda: bool(room.told()))
    loop.cancel()

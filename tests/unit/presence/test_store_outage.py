"""Changes during a store outage are published after it."""

import asyncio
from collections.abc import Iterable, Sequence
from uuid import UUID

import pytest

from kernel.errors import ChatlyError, KernelReason, unavailable
from kernel.ids import UserId
from services.presence.adapters.memory import MemoryLeases
from services.presence.contacts import ContactCache
from services.presence.hub import Hub
from services.presence.loops import ExpirySweep, LeaseRenewal
from services.presence.model import Connection, Presence, StateChanged
from services.presence.presences import PresenceLookup, PresencePublisher
from services.presence.subscriber import Subscriber
from tests.builders import NOON
from tests.fakes import FakeClock
from tests.unit.presence.harness import FakeContacts, FakeEvents, FakeProfiles, a_user
from tests.waiting import eventually

ANN = a_user()
PHONE = Connection(ANN, UUID(int=1))


class PresenceParts:
    """Leases, profiles, publisher and sweep over one fake clock."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.leases = MemoryLeases(clock=self.clock)
        self.profiles = FakeProfiles()
        self.events = FakeEvents()
        lookup = PresenceLookup(online=self.leases, profiles=self.profiles, clock=self.clock)
        self.publisher = PresencePublisher(online=self.leases, lookup=lookup, events=self.events)
        self.sweep = ExpirySweep(
            leases=self.leases, profiles=self.profiles, publisher=self.publisher, clock=self.clock, every=0.01
        )

    def published(self) -> list[Presence]:
        return [event.presence for event in self.events.published if isinstance(event, StateChanged)]


async def test_users_who_go_offline_during_an_outage_are_stored_and_published_afterwards() -> None:
    presence = PresenceParts()
    await presence.leases.hold([PHONE], ttl=10)
    presence.clock.advance(10)
    presence.profiles.unavailable = True
    with pytest.raises(ChatlyError):
        await presence.sweep.run_once()

    presence.profiles.unavailable = False
    loops = [asyncio.create_task(presence.sweep.run()), asyncio.create_task(presence.publisher.run())]
    await eventually(lambda: bool(presence.published()))
    for loop in loops:
        loop.cancel()

    (published,) = presence.published()
    assert (published.user_id, published.online, published.last_seen_at) == (ANN, False, NOON)


async def test_the_sweep_retries_while_the_store_is_unavailable() -> None:
    presence = PresenceParts()
    await presence.leases.hold([PHONE], ttl=10)
    presence.clock.advance(10)
    presence.profiles.unavailable = True
    loop = asyncio.create_task(presence.sweep.run())
    await eventually(lambda: presence.profiles.failed_calls > 1)

    presence.profiles.unavailable = False
    await eventually(lambda: ANN in presence.profiles.seen)
    loop.cancel()


class UnavailableLeases(MemoryLeases):
    """Leases that fail while `unavailable` is set."""

    unavailable = False
    failed_calls = 0

    async def hold(self, connections: Iterable[Connection], *, ttl: float) -> Sequence[UserId]:
        if self.unavailable:
            self.failed_calls += 1
            raise unavailable(KernelReason.STORE_UNAVAILABLE, "leases are unavailable")
        return await super().hold(connections, ttl=ttl)


async def test_connected_users_are_online_again_once_leases_can_be_renewed() -> None:
    presence = PresenceParts()
    leases = UnavailableLeases(clock=presence.clock)
    contacts = ContactCache(source=FakeContacts(), clock=presence.clock)
    hub = Hub(feed=presence.events, publisher=presence.events, contacts=contacts)
    await hub.add(Subscriber(connection=PHONE, device_id=""))
    renewal = LeaseRenewal(
        hub=hub,
        leases=leases,
        profiles=presence.profiles,
        publisher=presence.publisher,
        clock=presence.clock,
        every=0.01,
        ttl=10,
    )
    leases.unavailable = True
    loop = asyncio.create_task(renewal.run())
    await eventually(lambda: leases.failed_calls > 1)

    leases.unavailable = False

    async def online() -> bool:
        return (await leases.read([ANN]))[ANN].online

    await eventually(online)
    loop.cancel()


async def test_publishing_is_retried_until_it_succeeds() -> None:
    presence = PresenceParts()
    presence.profiles.unavailable = True
    presence.publisher.schedule([ANN])
    loop = asyncio.create_task(presence.publisher.run())
    await eventually(lambda: presence.profiles.failed_calls > 0)
    assert presence.published() == []

    presence.profiles.unavailable = False
    await eventually(lambda: bool(presence.published()))
    loop.cancel()

"""Presences combine online states and profiles."""

from datetime import timedelta
from uuid import UUID

from services.presence.adapters.memory import MemoryLeases
from services.presence.model import Connection, CustomStatus, Presence
from services.presence.presences import PresenceLookup
from tests.builders import NOON
from tests.fakes import FakeClock
from tests.unit.presence.harness import FakeProfiles, a_user

ANN = a_user()


async def state_of_ann(clock: FakeClock, leases: MemoryLeases, profiles: FakeProfiles) -> Presence:
    return (await PresenceLookup(online=leases, profiles=profiles, clock=clock).read([ANN]))[ANN]


async def test_last_seen_is_present_only_while_offline() -> None:
    clock, profiles = FakeClock(), FakeProfiles()
    leases = MemoryLeases(clock=clock)
    await profiles.record_seen({ANN: NOON})
    assert (await state_of_ann(clock, leases, profiles)).last_seen_at == NOON

    await leases.hold([Connection(ANN, UUID(int=1))], ttl=10)

    assert (await state_of_ann(clock, leases, profiles)).last_seen_at is None


async def test_a_status_ends_at_its_expiry_before_any_sweep() -> None:
    clock, profiles = FakeClock(), FakeProfiles()
    leases = MemoryLeases(clock=clock)
    lunch = CustomStatus("lunch", "", NOON + timedelta(seconds=5))
    await profiles.set_status(ANN, lunch)
    clock.advance(4)
    assert (await state_of_ann(clock, leases, profiles)).status == lunch

    clock.advance(1)

    assert (await state_of_ann(clock, leases, profiles)).status is None

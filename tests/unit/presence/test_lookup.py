"""States put together from leases and profiles."""

from datetime import timedelta
from uuid import UUID

from services.presence.adapters.memory.leases import MemoryLeases
from services.presence.lookup import PresenceLookup
from services.presence.model import Connection, CustomStatus, Presence
from tests.builders import NOON
from tests.fakes import FakeClock
from tests.unit.presence.fakes import FakeProfiles, a_user

ANN = a_user()


async def state_of_ann(clock: FakeClock, leases: MemoryLeases, profiles: FakeProfiles) -> Presence:
    return (await PresenceLookup(reach=leases, profiles=profiles, clock=clock).read([ANN]))[ANN]


async def test_last_seen_is_told_only_of_somebody_who_is_away() -> None:
    clock, profiles = FakeClock(), FakeProfiles()
    leases = MemoryLeases(clock=clock)
    await profiles.saw({ANN: NOON})
    assert (await state_of_ann(clock, leases, profiles)).last_seen_at == NOON

    await leases.hold([Connection(ANN, UUID(int=1))], ttl=10)

    assert (await state_of_ann(clock, leases, profiles)).last_seen_at is None


async def test_a_status_is_over_at_its_moment_also_before_anybody_swept() -> None:
    clock, profiles = FakeClock(), FakeProfiles()
    leases = MemoryLeases(clock=clock)
    lunch = CustomStatus("lunch", "", NOON + timedelta(seconds=5))
    await profiles.set_status(ANN, lunch)
    clock.advance(4)
    assert (await state_of_ann(clock, leases, profiles)).status == lunch

    clock.advance(1)

    assert (await state_of_ann(clock, leases, profiles)).status is None

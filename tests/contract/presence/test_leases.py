"""What Leases and Reach promise, asked of every adapter that makes the promise."""

from uuid import UUID

import pytest

from services.presence.adapters.memory_leases import MemoryLeases
from services.presence.model import Connection
from tests.builders import NOON
from tests.fakes import FakeClock
from tests.unit.presence.fakes import a_user

ANN, BOB = a_user(), a_user()
PHONE, LAPTOP = Connection(ANN, UUID(int=1)), Connection(ANN, UUID(int=2))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=[MemoryLeases])
def leases(request: pytest.FixtureRequest, clock: FakeClock) -> MemoryLeases:
    made: MemoryLeases = request.param(clock=clock)
    return made


async def test_the_first_lease_brings_a_user_online_and_others_do_not(leases: MemoryLeases) -> None:
    assert list(await leases.hold([PHONE], ttl=10)) == [ANN]
    assert list(await leases.hold([PHONE, LAPTOP], ttl=10)) == []
    assert (await leases.read([ANN]))[ANN].online


async def test_a_lease_that_is_not_renewed_runs_out_and_is_told_once(leases: MemoryLeases, clock: FakeClock) -> None:
    await leases.hold([PHONE], ttl=10)
    clock.advance(9)
    assert await leases.sweep() == {}
    clock.advance(1)

    assert await leases.sweep() == {ANN: NOON}
    assert await leases.sweep() == {}
    assert not (await leases.read([ANN]))[ANN].online


async def test_a_user_stays_online_by_the_device_that_is_left(leases: MemoryLeases, clock: FakeClock) -> None:
    await leases.hold([PHONE, LAPTOP], ttl=10)
    clock.advance(6)
    await leases.hold([LAPTOP], ttl=10)
    clock.advance(6)

    assert await leases.sweep() == {}


async def test_a_released_lease_lasts_for_the_grace(leases: MemoryLeases, clock: FakeClock) -> None:
    await leases.hold([PHONE], ttl=100)
    await leases.release(PHONE, grace=10)
    clock.advance(9)
    assert await leases.sweep() == {}
    clock.advance(1)

    assert await leases.sweep() == {ANN: NOON}


async def test_releasing_what_is_not_held_brings_nobody_online(leases: MemoryLeases) -> None:
    await leases.release(PHONE, grace=10)

    assert not (await leases.read([ANN]))[ANN].online


async def test_each_change_makes_the_version_grow(leases: MemoryLeases, clock: FakeClock) -> None:
    versions = [(await leases.read([ANN]))[ANN].version]
    await leases.hold([PHONE], ttl=10)
    versions.append((await leases.read([ANN]))[ANN].version)
    await leases.bump([ANN])
    versions.append((await leases.read([ANN]))[ANN].version)
    clock.advance(10)
    await leases.sweep()
    versions.append((await leases.read([ANN]))[ANN].version)
    await leases.bump([ANN])
    versions.append((await leases.read([ANN]))[ANN].version)

    assert versions == sorted(set(versions))


async def test_a_user_never_heard_of_is_offline(leases: MemoryLeases) -> None:
    assert not (await leases.read([BOB]))[BOB].online


async def test_versions_go_on_growing_after_a_restart(clock: FakeClock) -> None:
    earlier = MemoryLeases(clock=clock)
    await earlier.hold([PHONE], ttl=10)
    online = (await earlier.read([ANN]))[ANN]
    clock.advance(1)

    restarted = MemoryLeases(clock=clock)

    assert (await restarted.read([ANN]))[ANN].version > online.version

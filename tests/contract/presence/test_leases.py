"""What Leases and Reach promise, asked of every adapter that makes the promise."""

from collections.abc import AsyncIterator
from typing import Protocol
from uuid import UUID

import pytest

from kernel.redis.handle import RedisHandle
from services.presence.adapters.memory.leases import MemoryLeases
from services.presence.adapters.redis.leases import RedisLeases
from services.presence.model import Connection
from services.presence.ports import Leases, Reach
from tests.builders import NOON
from tests.engines.redis_house import forget_everything, fresh_redis
from tests.fakes import FakeClock
from tests.unit.presence.fakes import a_user

ANN, BOB = a_user(), a_user()
PHONE, LAPTOP = Connection(ANN, UUID(int=1)), Connection(ANN, UUID(int=2))


class LeasesAndReach(Leases, Reach, Protocol):
    """Both ports: they are two views of one thing."""


class House(Protocol):
    """One technology: what keeps the leases, and nodes that use it."""

    def leases(self) -> LeasesAndReach:
        """Those of a node that has just started."""
        ...

    async def lose_everything(self) -> None:
        """As when what keeps them is started anew."""
        ...


class MemoryHouse:
    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock

    def leases(self) -> LeasesAndReach:
        return MemoryLeases(clock=self._clock)

    async def lose_everything(self) -> None:
        """Each has a memory of its own."""


class RedisHouse:
    def __init__(self, clock: FakeClock, redis: RedisHandle) -> None:
        self._clock = clock
        self._redis = redis

    def leases(self) -> LeasesAndReach:
        return RedisLeases(redis=self._redis, clock=self._clock)

    async def lose_everything(self) -> None:
        await forget_everything(self._redis)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.engines("redis"))])
async def house(request: pytest.FixtureRequest, clock: FakeClock, fresh_name: str) -> AsyncIterator[House]:
    if request.param == "memory":
        yield MemoryHouse(clock)
    else:
        async with fresh_redis(request.getfixturevalue("redis_url"), fresh_name) as redis:
            yield RedisHouse(clock, redis)


@pytest.fixture
def leases(house: House) -> LeasesAndReach:
    return house.leases()


async def test_the_first_lease_brings_a_user_online_and_others_do_not(leases: LeasesAndReach) -> None:
    assert list(await leases.hold([PHONE], ttl=10)) == [ANN]
    assert list(await leases.hold([PHONE, LAPTOP], ttl=10)) == []
    assert (await leases.read([ANN]))[ANN].online


async def test_a_lease_that_is_not_renewed_runs_out_and_is_told_once(leases: LeasesAndReach, clock: FakeClock) -> None:
    await leases.hold([PHONE], ttl=10)
    clock.advance(9)
    assert await leases.sweep() == {}
    clock.advance(1)

    assert await leases.sweep() == {ANN: NOON}
    assert await leases.sweep() == {}
    assert not (await leases.read([ANN]))[ANN].online


async def test_a_user_stays_online_by_the_device_that_is_left(leases: LeasesAndReach, clock: FakeClock) -> None:
    await leases.hold([PHONE, LAPTOP], ttl=10)
    clock.advance(6)
    await leases.hold([LAPTOP], ttl=10)
    clock.advance(6)

    assert await leases.sweep() == {}


async def test_a_released_lease_lasts_for_the_grace(leases: LeasesAndReach, clock: FakeClock) -> None:
    await leases.hold([PHONE], ttl=100)
    await leases.release(PHONE, grace=10)
    clock.advance(9)
    assert await leases.sweep() == {}
    clock.advance(1)

    assert await leases.sweep() == {ANN: NOON}


async def test_releasing_what_is_not_held_brings_nobody_online(leases: LeasesAndReach) -> None:
    await leases.release(PHONE, grace=10)

    assert not (await leases.read([ANN]))[ANN].online


async def test_each_change_makes_the_version_grow(leases: LeasesAndReach, clock: FakeClock) -> None:
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


async def test_a_user_never_heard_of_is_offline(leases: LeasesAndReach) -> None:
    assert not (await leases.read([BOB]))[BOB].online


async def test_versions_go_on_growing_when_all_is_lost(house: House, clock: FakeClock) -> None:
    earlier = house.leases()
    await earlier.hold([PHONE], ttl=10)
    online = (await earlier.read([ANN]))[ANN]
    clock.advance(1)

    await house.lose_everything()

    restarted = (await house.leases().read([ANN]))[ANN]
    assert not restarted.online
    assert restarted.version > online.version


async def test_a_user_who_comes_back_after_all_was_lost_comes_online_again(house: House, clock: FakeClock) -> None:
    await house.leases().hold([PHONE], ttl=10)
    await house.lose_everything()
    leases = house.leases()
    offline = (await leases.read([ANN]))[ANN]
    clock.advance(1)

    assert list(await leases.hold([PHONE], ttl=10)) == [ANN]
    assert (await leases.read([ANN]))[ANN].version > offline.version


async def test_a_lease_that_ran_out_is_not_released_into_a_new_one(leases: LeasesAndReach, clock: FakeClock) -> None:
    await leases.hold([PHONE], ttl=10)
    clock.advance(10)
    assert await leases.sweep() == {ANN: NOON}
    await leases.release(PHONE, grace=10)

    assert not (await leases.read([ANN]))[ANN].online


async def test_many_users_come_and_go_at_once(leases: LeasesAndReach, clock: FakeClock) -> None:
    crowd = [Connection(a_user(), UUID(int=number)) for number in range(200)]
    assert list(await leases.hold(crowd, ttl=10)) == [connection.user_id for connection in crowd]
    clock.advance(5)
    await leases.hold(crowd[100:], ttl=10)
    clock.advance(5)

    assert set(await leases.sweep()) == {connection.user_id for connection in crowd[:100]}
    assert [reach.online for reach in (await leases.read([who.user_id for who in crowd])).values()] == (
        [False] * 100 + [True] * 100
    )

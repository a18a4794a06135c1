"""Contract of Leases and OnlineStates, for every adapter."""

from collections.abc import AsyncIterator
from typing import Protocol
from uuid import UUID

import pytest

from kernel.redis.handle import RedisHandle
from services.presence.adapters.memory import MemoryLeases
from services.presence.adapters.redis import RedisLeases
from services.presence.model import Connection
from services.presence.ports import Leases, OnlineStates
from tests.builders import NOON
from tests.engines.redis_installation import forget_everything, fresh_redis
from tests.fakes import FakeClock
from tests.unit.presence.harness import a_user

ANN, BOB = a_user(), a_user()
PHONE, LAPTOP = Connection(ANN, UUID(int=1)), Connection(ANN, UUID(int=2))


class LeaseAdapter(Leases, OnlineStates, Protocol):
    """Both ports, implemented by one class."""


class Backend(Protocol):
    """The storage of one technology."""

    def leases(self) -> LeaseAdapter:
        """Return the adapter of a newly started node."""
        ...

    async def delete_all(self) -> None:
        """Delete all data, as a restart of the storage without persistence does."""
        ...


class MemoryBackend:
    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock

    def leases(self) -> LeaseAdapter:
        return MemoryLeases(clock=self._clock)

    async def delete_all(self) -> None:
        """Do nothing: each adapter starts empty."""


class RedisBackend:
    def __init__(self, clock: FakeClock, redis: RedisHandle) -> None:
        self._clock = clock
        self._redis = redis

    def leases(self) -> LeaseAdapter:
        return RedisLeases(redis=self._redis, clock=self._clock)

    async def delete_all(self) -> None:
        await forget_everything(self._redis)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.engines("redis"))])
async def backend(request: pytest.FixtureRequest, clock: FakeClock, fresh_name: str) -> AsyncIterator[Backend]:
    if request.param == "memory":
        yield MemoryBackend(clock)
    else:
        async with fresh_redis(request.getfixturevalue("redis_url"), fresh_name) as redis:
            yield RedisBackend(clock, redis)


@pytest.fixture
def leases(backend: Backend) -> LeaseAdapter:
    return backend.leases()


async def test_the_first_lease_brings_a_user_online_and_others_do_not(leases: LeaseAdapter) -> None:
    assert list(await leases.hold([PHONE], ttl=10)) == [ANN]
    assert list(await leases.hold([PHONE, LAPTOP], ttl=10)) == []
    assert (await leases.read([ANN]))[ANN].online


async def test_a_lease_that_is_not_renewed_expires_and_is_returned_once(leases: LeaseAdapter, clock: FakeClock) -> None:
    await leases.hold([PHONE], ttl=10)
    clock.advance(9)
    assert await leases.remove_expired() == {}
    clock.advance(1)

    assert await leases.remove_expired() == {ANN: NOON}
    assert await leases.remove_expired() == {}
    assert not (await leases.read([ANN]))[ANN].online


async def test_a_user_stays_online_while_one_device_is_left(leases: LeaseAdapter, clock: FakeClock) -> None:
    await leases.hold([PHONE, LAPTOP], ttl=10)
    clock.advance(6)
    await leases.hold([LAPTOP], ttl=10)
    clock.advance(6)

    assert await leases.remove_expired() == {}


async def test_a_released_lease_lasts_for_the_grace(leases: LeaseAdapter, clock: FakeClock) -> None:
    await leases.hold([PHONE], ttl=100)
    await leases.release(PHONE, grace=10)
    clock.advance(9)
    assert await leases.remove_expired() == {}
    clock.advance(1)

    assert await leases.remove_expired() == {ANN: NOON}


async def test_releasing_a_lease_that_is_not_held_changes_nothing(leases: LeaseAdapter) -> None:
    await leases.release(PHONE, grace=10)

    assert not (await leases.read([ANN]))[ANN].online


async def test_each_change_increases_the_version(leases: LeaseAdapter, clock: FakeClock) -> None:
    versions = [(await leases.read([ANN]))[ANN].version]
    await leases.hold([PHONE], ttl=10)
    versions.append((await leases.read([ANN]))[ANN].version)
    await leases.increment_versions([ANN])
    versions.append((await leases.read([ANN]))[ANN].version)
    clock.advance(10)
    await leases.remove_expired()
    versions.append((await leases.read([ANN]))[ANN].version)
    await leases.increment_versions([ANN])
    versions.append((await leases.read([ANN]))[ANN].version)

    assert versions == sorted(set(versions))


async def test_an_unknown_user_is_offline(leases: LeaseAdapter) -> None:
    assert not (await leases.read([BOB]))[BOB].online


async def test_versions_keep_growing_after_all_data_is_lost(backend: Backend, clock: FakeClock) -> None:
    earlier = backend.leases()
    await earlier.hold([PHONE], ttl=10)
    online = (await earlier.read([ANN]))[ANN]
    clock.advance(1)

    await backend.delete_all()

    restarted = (await backend.leases().read([ANN]))[ANN]
    assert not restarted.online
    assert restarted.version > online.version


async def test_a_user_comes_online_again_after_all_data_is_lost(backend: Backend, clock: FakeClock) -> None:
    await backend.leases().hold([PHONE], ttl=10)
    await backend.delete_all()
    leases = backend.leases()
    offline = (await leases.read([ANN]))[ANN]
    clock.advance(1)

    assert list(await leases.hold([PHONE], ttl=10)) == [ANN]
    assert (await leases.read([ANN]))[ANN].version > offline.version


async def test_releasing_an_expired_lease_does_not_create_one(leases: LeaseAdapter, clock: FakeClock) -> None:
    await leases.hold([PHONE], ttl=10)
    clock.advance(10)
    assert await leases.remove_expired() == {ANN: NOON}
    await leases.release(PHONE, grace=10)

    assert not (await leases.read([ANN]))[ANN].online


async def test_many_users_come_online_and_go_offline_together(leases: LeaseAdapter, clock: FakeClock) -> None:
    crowd = [Connection(a_user(), UUID(int=number)) for number in range(200)]
    assert list(await leases.hold(crowd, ttl=10)) == [connection.user_id for connection in crowd]
    clock.advance(5)
    await leases.hold(crowd[100:], ttl=10)
    clock.advance(5)

    assert set(await leases.remove_expired()) == {connection.user_id for connection in crowd[:100]}
    assert [state.online for state in (await leases.read([who.user_id for who in crowd])).values()] == (
        [False] * 100 + [True] * 100
    )

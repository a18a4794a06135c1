"""The cache of users and their blocks."""

import asyncio
from collections.abc import Awaitable, Collection

import pytest

from kernel.bus.ports import BusGap, BusMessage
from kernel.errors import ChatlyError, KernelReason, unavailable
from kernel.ids import UserId
from services.messaging.errors import MessagingReason
from services.messaging.model import Blocks
from services.messaging.user_blocks import CachedUserDirectory, require_unblocked
from tests.builders import an_id
from tests.fakes import FakeClock
from tests.unit.messaging.harness import FakeDirectory, Harness, refused
from tests.waiting import eventually

AUTH_UNAVAILABLE = unavailable(KernelReason.SERVICE_UNAVAILABLE, "auth is unreachable", service="auth")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def auth() -> FakeDirectory:
    return FakeDirectory()


@pytest.fixture
def cached(auth: FakeDirectory, clock: FakeClock) -> CachedUserDirectory:
    return CachedUserDirectory(auth, clock=clock, fresh=5, stale=600, capacity=3)


async def test_a_user_is_looked_up_once_in_five_seconds(
    cached: CachedUserDirectory, auth: FakeDirectory, clock: FakeClock
) -> None:
    ann, bob = auth.a_user(), auth.a_user()
    await cached.blocks([ann])
    await cached.blocks([bob])
    await cached.blocks([ann, bob])
    clock.advance(4.9)
    await cached.blocks([ann, bob])

    assert auth.lookups == [{ann}, {bob}]


async def test_users_in_use_are_refreshed_together(
    cached: CachedUserDirectory, auth: FakeDirectory, clock: FakeClock
) -> None:
    ann, bob, idle = auth.a_user(), auth.a_user(), auth.a_user()
    for user in (idle, ann, bob):
        await cached.blocks([user])
    clock.advance(3)
    await cached.blocks([ann])
    clock.advance(2.1)
    await cached.blocks([bob])

    assert auth.lookups[3:] == [{ann, bob}]
    assert await cached.blocks([ann, bob]) == {ann: frozenset(), bob: frozenset()}
    assert len(auth.lookups) == 4


async def test_a_block_takes_effect_within_five_seconds(
    cached: CachedUserDirectory, auth: FakeDirectory, clock: FakeClock
) -> None:
    ann, bob = auth.a_user(), auth.a_user()
    await require_unblocked(cached, ann, [bob])
    auth.blocked[bob].add(ann)
    clock.advance(5.1)

    with refused(MessagingReason.BLOCKED):
        await require_unblocked(cached, ann, [bob])


async def test_unknown_users_are_looked_up_each_time(cached: CachedUserDirectory, auth: FakeDirectory) -> None:
    nobody = UserId(an_id())

    assert await cached.blocks([nobody]) == {}
    auth.blocked[nobody] = set()

    assert await cached.blocks([nobody]) == {nobody: frozenset()}


async def test_a_deleted_user_is_removed_from_the_cache(
    cached: CachedUserDirectory, auth: FakeDirectory, clock: FakeClock
) -> None:
    ann = auth.a_user()
    await cached.blocks([ann])
    auth.deleted.add(ann)
    clock.advance(5.1)

    assert await cached.blocks([ann]) == {}


async def test_cached_users_can_write_while_auth_is_unavailable(
    cached: CachedUserDirectory, auth: FakeDirectory, clock: FakeClock
) -> None:
    ann, bob = auth.a_user(), auth.a_user()
    await cached.blocks([ann])
    auth.unavailable = AUTH_UNAVAILABLE
    clock.advance(599)

    assert await cached.blocks([ann]) == {ann: frozenset()}
    with refused(KernelReason.SERVICE_UNAVAILABLE):
        await cached.blocks([ann, bob])
    clock.advance(2)
    with refused(KernelReason.SERVICE_UNAVAILABLE):
        await cached.blocks([ann])


async def test_the_cache_is_bounded_and_drops_the_oldest_user(cached: CachedUserDirectory, auth: FakeDirectory) -> None:
    users = [auth.a_user() for _ in range(4)]
    for user in users:
        await cached.blocks([user])
    auth.lookups.clear()

    await cached.blocks(users[1:])
    await cached.blocks(users[:1])

    assert auth.lookups == [{users[0]}]


async def test_more_users_than_the_capacity_are_looked_up(cached: CachedUserDirectory, auth: FakeDirectory) -> None:
    users = [auth.a_user() for _ in range(5)]

    assert set(await cached.blocks(users)) == set(users)


async def test_a_changed_block_is_looked_up_again_at_once(cached: CachedUserDirectory, auth: FakeDirectory) -> None:
    ann, bob = auth.a_user(), auth.a_user()
    await cached.blocks([ann, bob])
    auth.blocked[ann].add(bob)

    cached.invalidate([ann, bob])

    assert (await cached.blocks([ann, bob]))[ann] == {bob}


async def test_an_answer_from_before_a_block_is_not_cached(
    cached: CachedUserDirectory, auth: FakeDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = auth.a_user(), auth.a_user()
    answer = auth.blocks

    async def slow(user_ids: Collection[UserId]) -> Blocks:
        found = await answer(user_ids)
        auth.blocked[ann].add(bob)
        cached.invalidate([ann, bob])
        return found

    monkeypatch.setattr(auth, "blocks", slow)
    await cached.blocks([ann])
    monkeypatch.undo()

    assert (await cached.blocks([ann]))[ann] == {bob}


async def test_a_node_drops_cached_blocks_when_auth_publishes_a_change_and_after_a_gap(harness: Harness) -> None:
    ann, bob = harness.users(2)
    task = asyncio.create_task(harness.node.blocks.run())
    await harness.send(ann, bob)

    async def is_refused() -> bool:
        try:
            await harness.send(ann, bob)
        except ChatlyError as error:
            return error.reason == MessagingReason.BLOCKED
        return False

    async def is_blocked() -> bool:
        await harness.bus.publish([BusMessage("blocks:changed", f"block {bob} {ann}".encode())])
        return await is_refused()

    harness.directory.blocked[bob].add(ann)
    assert not await is_refused()
    await eventually(is_blocked)

    harness.directory.blocked[bob].clear()
    await harness.bus.deliver([BusGap()])
    await eventually(lambda: not_(is_refused()))
    task.cancel()
    await asyncio.wait([task])


async def not_(condition: Awaitable[bool]) -> bool:
    return not await condition

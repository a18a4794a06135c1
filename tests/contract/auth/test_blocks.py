"""Contract of BlockStore, for every adapter."""

from kernel.ids import UserId
from tests.builders import NOON, an_id
from tests.contract.auth.conftest import Stores


def a_user() -> UserId:
    return UserId(an_id())


async def test_blocks_are_read_by_blocker(stores: Stores) -> None:
    alice, bob, carol = a_user(), a_user(), a_user()
    await stores.blocks.add(alice, bob, at=NOON)
    await stores.blocks.add(alice, bob, at=NOON)
    await stores.blocks.add(alice, carol, at=NOON)
    await stores.blocks.add(bob, carol, at=NOON)

    found = await stores.blocks.blocked_by([alice, bob, carol])

    assert {blocker: set(blocked) for blocker, blocked in found.items()} == {alice: {bob, carol}, bob: {carol}}


async def test_blocks_of_a_hundred_users_are_read_at_once(stores: Stores) -> None:
    everybody = [a_user() for _ in range(100)]
    blockers, blocked = everybody[::9], everybody[50]
    for blocker in blockers:
        await stores.blocks.add(blocker, blocked, at=NOON)

    found = await stores.blocks.blocked_by(everybody)

    assert {blocker: set(whom) for blocker, whom in found.items()} == {each: {blocked} for each in blockers}


async def test_a_removed_block_is_gone_and_the_others_stay(stores: Stores) -> None:
    alice, bob, carol = a_user(), a_user(), a_user()
    await stores.blocks.add(alice, bob, at=NOON)
    await stores.blocks.add(alice, carol, at=NOON)

    await stores.blocks.remove(alice, bob)
    await stores.blocks.remove(alice, bob)

    assert set((await stores.blocks.blocked_by([alice]))[alice]) == {carol}


async def test_clearing_removes_only_the_blocks_of_the_blocker(stores: Stores) -> None:
    alice, bob = a_user(), a_user()
    await stores.blocks.add(alice, bob, at=NOON)
    await stores.blocks.add(bob, alice, at=NOON)

    await stores.blocks.clear(alice)

    assert set(await stores.blocks.blocked_by([alice, bob])) == {bob}

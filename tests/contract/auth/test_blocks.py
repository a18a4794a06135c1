"""What BlockStore promises, asked of every adapter that makes the promise."""

from kernel.ids import UserId
from tests.builders import NOON, an_id
from tests.contract.auth.conftest import Stores


def somebody() -> UserId:
    return UserId(an_id())


async def test_blocks_are_read_back_by_blocker(stores: Stores) -> None:
    alice, bob, carol = somebody(), somebody(), somebody()
    await stores.blocks.add(alice, bob, at=NOON)
    await stores.blocks.add(alice, bob, at=NOON)
    await stores.blocks.add(alice, carol, at=NOON)
    await stores.blocks.add(bob, carol, at=NOON)

    found = await stores.blocks.of([alice, bob, carol])

    assert {blocker: set(blocked) for blocker, blocked in found.items()} == {alice: {bob, carol}, bob: {carol}}


async def test_a_hundred_people_are_looked_up_at_once_and_a_few_of_them_block_somebody(stores: Stores) -> None:
    everybody = [somebody() for _ in range(100)]
    blockers, blocked = everybody[::9], everybody[50]
    for blocker in blockers:
        await stores.blocks.add(blocker, blocked, at=NOON)

    found = await stores.blocks.of(everybody)

    assert {blocker: set(whom) for blocker, whom in found.items()} == {each: {blocked} for each in blockers}


async def test_a_block_taken_back_is_gone_and_the_others_stay(stores: Stores) -> None:
    alice, bob, carol = somebody(), somebody(), somebody()
    await stores.blocks.add(alice, bob, at=NOON)
    await stores.blocks.add(alice, carol, at=NOON)

    await stores.blocks.remove(alice, bob)
    await stores.blocks.remove(alice, bob)

    assert set((await stores.blocks.of([alice]))[alice]) == {carol}


async def test_clearing_takes_back_one_s_own_blocks_alone(stores: Stores) -> None:
    alice, bob = somebody(), somebody()
    await stores.blocks.add(alice, bob, at=NOON)
    await stores.blocks.add(bob, alice, at=NOON)

    await stores.blocks.clear(alice)

    assert set(await stores.blocks.of([alice, bob])) == {bob}

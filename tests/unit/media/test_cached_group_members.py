"""Positive membership results are cached for five seconds; negative ones are not."""

from kernel.ids import UserId
from services.media.adapters.grpc import CachedGroupMembers
from tests.builders import an_id
from tests.fakes import FakeClock
from tests.unit.media.harness import FakeGroups

ANN, GROUP = UserId(an_id()), an_id()


async def test_a_membership_is_read_again_after_five_seconds() -> None:
    groups, clock = FakeGroups({GROUP: {ANN}}), FakeClock()
    cached = CachedGroupMembers(groups, clock=clock)

    assert [await cached.includes(GROUP, ANN) for _ in range(3)] == [True, True, True]
    assert groups.calls == 1

    groups.members.clear()
    clock.advance(5.1)
    assert not await cached.includes(GROUP, ANN)


async def test_a_new_member_is_included_at_once() -> None:
    groups = FakeGroups()
    cached = CachedGroupMembers(groups, clock=FakeClock())
    assert not await cached.includes(GROUP, ANN)

    groups.members[GROUP] = {ANN}

    assert await cached.includes(GROUP, ANN)


async def test_the_cache_is_bounded() -> None:
    people = [UserId(an_id()) for _ in range(3)]
    groups = FakeGroups({GROUP: set(people)})
    cached = CachedGroupMembers(groups, clock=FakeClock(), capacity=2)
    for user in people:
        await cached.includes(GROUP, user)

    await cached.includes(GROUP, people[0])

    assert groups.calls == 4

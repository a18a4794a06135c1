"""A yes about membership is remembered for five seconds; a no is not."""

from kernel.ids import UserId
from services.media.adapters.grpc.group_members import CachedGroupMembers
from tests.builders import an_id
from tests.fakes import FakeClock
from tests.unit.media.fakes import FakeGroups

ANN, GROUP = UserId(an_id()), an_id()


async def test_a_yes_is_asked_for_again_only_after_five_seconds() -> None:
    groups, clock = FakeGroups({GROUP: {ANN}}), FakeClock()
    cached = CachedGroupMembers(groups, clock=clock)

    assert [await cached.includes(GROUP, ANN) for _ in range(3)] == [True, True, True]
    assert groups.questions == 1

    groups.members.clear()
    clock.advance(5.1)
    assert not await cached.includes(GROUP, ANN)


async def test_who_is_just_added_is_in_at_once() -> None:
    groups = FakeGroups()
    cached = CachedGroupMembers(groups, clock=FakeClock())
    assert not await cached.includes(GROUP, ANN)

    groups.members[GROUP] = {ANN}

    assert await cached.includes(GROUP, ANN)


async def test_no_more_than_its_capacity_is_remembered() -> None:
    people = [UserId(an_id()) for _ in range(3)]
    groups = FakeGroups({GROUP: set(people)})
    cached = CachedGroupMembers(groups, clock=FakeClock(), capacity=2)
    for user in people:
        await cached.includes(GROUP, user)

    await cached.includes(GROUP, people[0])

    assert groups.questions == 4

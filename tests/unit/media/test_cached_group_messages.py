"""Positive answers are cached for five seconds; negative ones are not."""

from kernel.ids import UserId
from services.media.adapters.grpc import CachedGroupMessages
from tests.builders import an_id
from tests.fakes import FakeClock
from tests.unit.media.harness import FakeGroups

ANN, GROUP, FIRST, SECOND = UserId(an_id()), an_id(), an_id(), an_id()


async def test_an_answer_is_read_again_after_five_seconds() -> None:
    groups, clock = FakeGroups({ANN: {FIRST}}), FakeClock()
    cached = CachedGroupMessages(groups, clock=clock)

    assert [await cached.sees_any(GROUP, [FIRST], ANN) for _ in range(3)] == [True, True, True]
    assert len(groups.calls) == 1

    groups.visible.clear()
    clock.advance(5.1)
    assert not await cached.sees_any(GROUP, [FIRST], ANN)


async def test_a_new_member_sees_a_message_at_once() -> None:
    groups = FakeGroups()
    cached = CachedGroupMessages(groups, clock=FakeClock())
    assert not await cached.sees_any(GROUP, [FIRST], ANN)

    groups.visible[ANN] = {FIRST}

    assert await cached.sees_any(GROUP, [FIRST], ANN)


async def test_an_answer_holds_for_its_own_messages_alone() -> None:
    cached = CachedGroupMessages(FakeGroups({ANN: {SECOND}}), clock=FakeClock())
    assert await cached.sees_any(GROUP, [FIRST, SECOND], ANN)

    assert not await cached.sees_any(GROUP, [FIRST], ANN)


async def test_the_cache_is_bounded() -> None:
    people = [UserId(an_id()) for _ in range(3)]
    groups = FakeGroups({user: {FIRST} for user in people})
    cached = CachedGroupMessages(groups, clock=FakeClock(), capacity=2)
    for user in people:
        await cached.sees_any(GROUP, [FIRST], user)

    await cached.sees_any(GROUP, [FIRST], people[0])

    assert len(groups.calls) == 4

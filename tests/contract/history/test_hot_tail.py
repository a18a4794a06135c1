"""Contract of HotTail, run over every adapter."""

from uuid import UUID

from history.model import Role
from history.ports import HotTail
from tests.unit.history.builders import A_GROUP, ANN, ANN_AND_BOB, BOB, CAT, ChatBuilder, a_user, stored


async def test_events_are_returned_in_log_order_for_any_order_of_adding(tail: HotTail) -> None:
    chat = ChatBuilder()
    events = stored([chat.sent(), chat.sent(), chat.sent()])
    for event in (events[2], events[0], events[1]):
        await tail.add(event)

    assert list((await tail.events([ANN_AND_BOB]))[ANN_AND_BOB]) == events


async def test_a_chat_without_events_is_left_out(tail: HotTail) -> None:
    assert await tail.events([ANN_AND_BOB]) == {}
    assert list(await tail.chats_of(ANN)) == []


async def test_adding_again_changes_nothing(tail: HotTail) -> None:
    (event,) = stored([ChatBuilder().sent()])
    await tail.add(event)
    await tail.add(event)

    assert len((await tail.events([ANN_AND_BOB]))[ANN_AND_BOB]) == 1
    await tail.trim({0: 0})
    assert list(await tail.chats_of(ANN)) == []


async def test_stored_events_are_dropped_and_the_rest_is_kept(tail: HotTail) -> None:
    chat, group = ChatBuilder(), ChatBuilder(A_GROUP)
    events = stored([chat.sent(), chat.sent(), chat.sent()])
    elsewhere = stored([group.created(ANN)], partition=1)
    for event in (*events, *elsewhere):
        await tail.add(event)

    await tail.trim({0: 1})

    kept = await tail.events([ANN_AND_BOB, A_GROUP])
    assert {chat_id: list(found) for chat_id, found in kept.items()} == {ANN_AND_BOB: events[2:], A_GROUP: elsewhere}


async def test_an_event_trimmed_before_it_was_added_is_not_kept(tail: HotTail) -> None:
    await tail.trim({0: 4})
    await tail.add(*stored([ChatBuilder().sent()], start=4))

    assert await tail.events([ANN_AND_BOB]) == {}
    assert list(await tail.chats_of(ANN)) == []


async def test_a_watermark_never_moves_back(tail: HotTail) -> None:
    await tail.trim({0: 4})
    await tail.trim({0: 2})
    await tail.add(*stored([ChatBuilder().sent()], start=3))

    assert await tail.events([ANN_AND_BOB]) == {}


async def test_chats_are_found_by_every_user_that_an_event_names(tail: HotTail) -> None:
    group, stranger = ChatBuilder(A_GROUP), a_user()
    for event in stored([ChatBuilder().sent(ANN), group.created(ANN, BOB), group.member_set(ANN, CAT, Role.MEMBER)]):
        await tail.add(event)

    assert set(await tail.chats_of(BOB)) == {ANN_AND_BOB, A_GROUP}
    assert set(await tail.chats_of(CAT)) == {A_GROUP}
    assert set(await tail.chats_of(stranger)) == set()


async def test_the_first_copy_of_a_send_in_log_order_is_the_one(tail: HotTail) -> None:
    chat = ChatBuilder()
    first, second = stored([chat.sent(send=UUID(int=7)), chat.sent(send=UUID(int=7))])
    await tail.add(second)
    await tail.add(first)

    assert await tail.sent(ANN, UUID(int=7)) == first
    await tail.trim({0: 0})
    assert await tail.sent(ANN, UUID(int=7)) == second
    await tail.trim({0: 1})
    assert await tail.sent(ANN, UUID(int=7)) is None

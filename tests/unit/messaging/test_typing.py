import pytest
from chatly.messaging.v1.messaging_service_pb2 import SubscribeResponse

from history.codec import Ephemeral, unpack
from services.messaging.errors import MessagingReason
from services.messaging.model import ChatRef
from tests.unit.messaging.harness import BusListener, Harness, between, refused


async def typing_heard(listener: BusListener) -> list[tuple[str, str, bool]]:
    """Channel, user and whether they type, of everything heard."""
    heard = []
    for news in await listener.received():
        payload = unpack(news.payload)
        assert isinstance(payload, Ephemeral)
        (event,) = SubscribeResponse.FromString(payload.payload).events
        assert (event.event_id, event.HasField("typing")) == ("", True)
        heard.append((news.channel, event.typing.user_id, event.typing.active))
    return heard


async def test_in_a_chat_of_two_only_the_other_one_hears(harness: Harness) -> None:
    ann, bob = harness.users(2)
    listener = await harness.subscribe(f"user:{ann}", f"user:{bob}")

    await harness.service.set_typing(between(ann, bob), active=True, user_id=ann)

    assert await typing_heard(listener) == [(f"user:{bob}", ann, True)]
    assert harness.events() == []


async def test_in_a_group_it_is_told_once(harness: Harness) -> None:
    ann, bob, cid = harness.users(3)
    group = (await harness.a_group(ann, bob, cid)).state.chat_id
    listener = await harness.subscribe(f"chat:{group}", f"user:{bob}")

    await harness.service.set_typing(ChatRef(group), active=True, user_id=ann)

    assert await typing_heard(listener) == [(f"chat:{group}", ann, True)]


async def test_repeats_within_two_seconds_are_dropped_and_changes_are_not(harness: Harness) -> None:
    ann, bob = harness.users(2)
    listener = await harness.subscribe(f"user:{bob}")

    for seconds, active in ((0, True), (1.9, True), (0, False), (0, True), (2.0, True)):
        harness.clock.advance(seconds)
        await harness.service.set_typing(between(ann, bob), active=active, user_id=ann)

    assert [active for _, _, active in await typing_heard(listener)] == [True, False, True, True]


@pytest.mark.parametrize("blocker", [0, 1])
async def test_nobody_hears_those_who_may_not_write_to_them(harness: Harness, blocker: int) -> None:
    pair = harness.users(2)
    harness.block(pair[blocker], pair[1 - blocker])

    with refused(MessagingReason.BLOCKED):
        await harness.service.set_typing(between(*pair), active=True, user_id=pair[0])

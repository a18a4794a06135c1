import pytest
from chatly.messaging.v1.messaging_service_pb2 import SubscribeResponse

from history.codec import Ephemeral, unpack
from services.messaging.errors import MessagingReason
from services.messaging.model import ChatRef
from tests.unit.messaging.harness import BusListener, Harness, between, refused


async def typing_received(listener: BusListener) -> list[tuple[str, str, bool]]:
    """Return channel, user and `active` of every notification received."""
    received = []
    for published in await listener.received():
        payload = unpack(published.payload)
        assert isinstance(payload, Ephemeral)
        (event,) = SubscribeResponse.FromString(payload.payload).events
        assert (event.event_id, event.HasField("typing")) == ("", True)
        received.append((published.channel, event.typing.user_id, event.typing.active))
    return received


async def test_in_a_direct_chat_only_the_other_user_is_notified(harness: Harness) -> None:
    ann, bob = harness.users(2)
    listener = await harness.subscribe(f"user:{ann}", f"user:{bob}")

    await harness.service.set_typing(between(ann, bob), active=True, user_id=ann)

    assert await typing_received(listener) == [(f"user:{bob}", ann, True)]
    assert harness.events() == []


async def test_in_a_group_one_notification_is_published(harness: Harness) -> None:
    ann, bob, cid = harness.users(3)
    group = (await harness.a_group(ann, bob, cid)).state.chat_id
    listener = await harness.subscribe(f"chat:{group}", f"user:{bob}")

    await harness.service.set_typing(ChatRef(group), active=True, user_id=ann)

    assert await typing_received(listener) == [(f"chat:{group}", ann, True)]


async def test_in_a_group_members_with_a_block_are_left_out(harness: Harness) -> None:
    ann, bob, cid, dan = harness.users(4)
    group = (await harness.a_group(ann, bob, cid, dan)).state.chat_id
    harness.block(ann, bob)
    harness.block(cid, ann)
    listener = await harness.subscribe(f"chat:{group}")

    await harness.service.set_typing(ChatRef(group), active=True, user_id=ann)

    (published,) = await listener.received()
    payload = unpack(published.payload)
    assert isinstance(payload, Ephemeral)
    assert payload.hidden_from == {bob, cid}


async def test_repeats_within_two_seconds_are_dropped_but_changes_are_not(harness: Harness) -> None:
    ann, bob = harness.users(2)
    listener = await harness.subscribe(f"user:{bob}")

    for seconds, active in ((0, True), (1.9, True), (0, False), (0, True), (2.0, True)):
        harness.clock.advance(seconds)
        await harness.service.set_typing(between(ann, bob), active=active, user_id=ann)

    assert [active for _, _, active in await typing_received(listener)] == [True, False, True, True]


@pytest.mark.parametrize("blocker", [0, 1])
async def test_typing_between_blocked_users_is_refused(harness: Harness, blocker: int) -> None:
    pair = harness.users(2)
    harness.block(pair[blocker], pair[1 - blocker])

    with refused(MessagingReason.BLOCKED):
        await harness.service.set_typing(between(*pair), active=True, user_id=pair[0])

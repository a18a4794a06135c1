"""The events of one subscription, and their order."""

from uuid import uuid4

import pytest

from history.chat_id import ChatId
from history.model import MemberSet, MessageSent
from services.messaging.errors import MessagingReason
from services.messaging.live import replay
from tests.unit.live.builders import a_user
from tests.unit.live.harness import Backend, Node, a_node


async def test_a_stream_without_a_cursor_is_caught_up_at_once_and_then_live(node: Node) -> None:
    ann, bob = a_user(), a_user()
    await node.send(ChatId.direct(ann, bob), ann, "before")

    async with node.client(bob) as client:
        await client.caught_up()
        await node.send(ChatId.direct(ann, bob), ann, "after")
        await client.saw_text("after")

    assert client.kinds == ["caught_up", "message_created"]
    assert client.events[0].caught_up.replayed_count == 0
    assert client.cursor


async def test_a_direct_message_reaches_both_users_and_nobody_else(node: Node) -> None:
    ann, bob, eve = a_user(), a_user(), a_user()
    async with node.client(ann) as one, node.client(bob) as other, node.client(eve) as stranger:
        for client in (one, other, stranger):
            await client.caught_up()
        sent = await node.send(ChatId.direct(ann, bob), ann)
        await one.saw(sent)
        await other.saw(sent)
        await node.send(ChatId.direct(eve, bob), eve, "mine")
        await stranger.saw_text("mine")

    assert stranger.texts == ["mine"]
    assert other.events[1].message_created.receiver_id == bob


async def test_live_events_arrive_however_far_the_store_lags(node: Node) -> None:
    ann, bob = a_user(), a_user()
    async with node.client(bob) as client:
        await client.caught_up()
        for number in range(50):
            await node.send(ChatId.direct(ann, bob), ann, str(number))
        await client.saw_text("49")

    assert client.texts == [str(number) for number in range(50)]


@pytest.mark.parametrize("stored", [True, False], ids=["from the store", "from the hot tail"])
async def test_a_stream_with_a_cursor_gets_missed_events_first_in_log_order(
    backend: Backend,
    node: Node,
    stored: bool,  # noqa: FBT001
) -> None:
    ann, bob = a_user(), a_user()
    async with node.client(bob) as client:
        await client.caught_up()
    for number in range(300):
        await node.send(ChatId.direct(ann, bob), ann, str(number))
    if stored:
        await backend.persist()

    async with node.client(bob, client.cursor) as resumed:
        await resumed.caught_up()

    assert resumed.texts == [str(number) for number in range(300)]
    assert resumed.kinds[-1] == "caught_up"
    assert resumed.events[-1].caught_up.replayed_count == 300


async def test_a_stored_and_received_event_is_not_replayed(backend: Backend, node: Node) -> None:
    ann, bob = a_user(), a_user()
    async with node.client(bob) as client:
        await client.caught_up()
        await node.send(ChatId.direct(ann, bob), ann, "seen")
        await client.saw_text("seen")
        await backend.persist()
        await node.send(ChatId.direct(ann, bob), ann, "brings the cursor")
        await client.saw_text("brings the cursor")

    async with node.client(bob, client.cursor) as resumed:
        await resumed.caught_up()

    assert resumed.texts == ["brings the cursor"]


async def test_an_event_arrives_once_although_sender_and_persister_both_publish_it(
    backend: Backend, node: Node
) -> None:
    ann, bob = a_user(), a_user()
    async with node.client(bob) as client:
        await client.caught_up()
        await node.send(ChatId.direct(ann, bob), ann, "once")
        await backend.persist()
        await node.send(ChatId.direct(ann, bob), ann, "end")
        await client.saw_text("end")

    assert client.texts == ["once", "end"]


async def test_a_stored_event_leaves_the_hot_tail(backend: Backend, node: Node) -> None:
    ann, bob = a_user(), a_user()
    chat_id = ChatId.direct(ann, bob)
    await node.send(chat_id, ann, "stored")
    await backend.persist()
    kept = await node.send(chat_id, ann, "not stored")
    async with node.client(bob) as client:
        await client.caught_up()
        await node.send(ChatId.direct(bob, a_user()), bob, "everything is delivered")
        await client.saw_text("everything is delivered")

    assert await node.tail.events([chat_id]) == {chat_id: (kept,)}


async def test_the_persister_delivers_an_event_whose_node_died(backend: Backend, node: Node) -> None:
    ann, bob = a_user(), a_user()
    async with node.client(bob) as client:
        await client.caught_up()
        await backend.append(backend.event(ChatId.direct(ann, bob), ann, MessageSent(uuid4(), "from a dead node")))
        await backend.persist()
        await client.saw_text("from a dead node")


async def test_a_stream_that_starts_between_the_two_copies_of_an_event_gets_the_second(
    backend: Backend, node: Node
) -> None:
    ann, bob = a_user(), a_user()
    async with node.client(bob) as early, node.client(ann) as other:
        await early.caught_up()
        await other.caught_up()
        # The hot tail has lost it, so that no replay finds it until it is stored.
        stored = await backend.append(backend.event(ChatId.direct(ann, bob), ann, MessageSent(uuid4(), "two copies")))
        await backend.publish(stored)
        await early.saw(stored)
        async with node.client(bob, early.cursor) as late:
            await late.caught_up()
            assert late.texts == []
            await backend.persist()
            await late.saw(stored)
            await node.send(ChatId.direct(ann, bob), ann, "end")
            await early.saw_text("end")

    assert early.texts == ["two copies", "end"]


async def test_late_copies_of_earlier_events_do_not_reach_a_stream_without_a_cursor(
    backend: Backend, node: Node
) -> None:
    ann, bob = a_user(), a_user()
    before = await node.send(ChatId.direct(ann, bob), ann, "before")
    await backend.persist(announce=False)
    async with node.client(bob) as client:
        await client.caught_up()
        await backend.publish(before)
        await node.send(ChatId.direct(ann, bob), ann, "after")
        await client.saw_text("after")

    assert client.texts == ["after"]


async def test_late_copies_of_replayed_events_are_not_sent_again(backend: Backend, node: Node) -> None:
    ann, bob = a_user(), a_user()
    async with node.client(bob) as client:
        await client.caught_up()
    missed = await node.send(ChatId.direct(ann, bob), ann, "missed")
    await backend.persist(announce=False)
    async with node.client(bob, client.cursor) as resumed:
        await resumed.caught_up()
        await backend.publish(missed)
        await node.send(ChatId.direct(ann, bob), ann, "after")
        await resumed.saw_text("after")

    assert resumed.texts == ["missed", "after"]


async def test_a_restarted_node_replays_events_that_are_not_stored(backend: Backend) -> None:
    ann, bob = a_user(), a_user()
    async with a_node(backend) as first, first.client(bob) as client:
        await client.caught_up()
        await first.send(ChatId.direct(ann, bob), ann, "acknowledged")
        await client.saw_text("acknowledged")
    async with a_node(backend) as second, second.client(bob, client.cursor) as resumed:
        await resumed.caught_up()

    assert resumed.texts == ["acknowledged"]


async def test_too_many_missed_events_cause_a_resync_and_the_stream_continues(
    backend: Backend, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "MAX_EVENTS", 5)
    ann, bob = a_user(), a_user()
    async with node.client(bob) as client:
        await client.caught_up()
    for number in range(6):
        await node.send(ChatId.direct(ann, bob), ann, str(number))
    await backend.persist()

    async with node.client(bob, client.cursor) as resumed:
        await resumed.caught_up()
        assert resumed.kinds == ["resync", "caught_up"]
        await node.send(ChatId.direct(ann, bob), ann, "live")
        await resumed.saw_text("live")
    async with node.client(bob, resumed.cursor) as again:
        await again.caught_up()

    assert again.texts == ["live"]


async def test_a_cursor_of_another_log_causes_a_resync_and_gets_a_new_cursor(backend: Backend, node: Node) -> None:
    bob = a_user()
    async with node.client(bob) as client:
        await client.caught_up()
    other = Node(backend, "made again")
    async with other.client(bob, client.cursor) as resumed:
        await resumed.caught_up()

    assert resumed.kinds == ["resync", "caught_up"]
    assert resumed.events[0].resync.cause == 2
    assert resumed.cursor != client.cursor


async def test_a_malformed_cursor_is_rejected(node: Node) -> None:
    async with node.client(a_user(), "not a cursor") as client:
        await client.caught_up()

    assert client.error is not None
    assert client.error.reason is MessagingReason.INVALID_CURSOR


async def test_streams_replay_on_their_own_after_a_gap_of_the_bus(backend: Backend, node: Node) -> None:
    ann, bob = a_user(), a_user()
    async with node.client(bob) as client:
        await client.caught_up()
        group = await node.create_group(ann, bob)
        await client.saw(backend.recorded[-1])
        lost = backend.event(group, ann, MessageSent(uuid4(), "lost on the bus"))
        await node.tail.add(await backend.append(lost))
        missed = await backend.append(backend.event(ChatId.direct(ann, bob), ann, MessageSent(uuid4(), "also lost")))
        await node.tail.add(missed)
        await backend.overflow_bus()
        await client.saw_text("lost on the bus")
        await client.saw_text("also lost")
        await node.send(group, ann, "live again")
        await client.saw_text("live again")

    assert client.kinds.count("caught_up") == 1


async def test_a_membership_that_changed_during_a_gap_takes_effect(backend: Backend, node: Node) -> None:
    ann, bob, eve = a_user(), a_user(), a_user()
    left = await node.create_group(ann, bob)
    async with node.client(bob) as client:
        await client.caught_up()
        removal = backend.event(left, ann, MemberSet(bob, None), audience=(bob,))
        await node.tail.add(await backend.append(removal))
        await backend.overflow_bus()
        await client.saw(backend.recorded[-1])
        await node.send(left, ann, "not for bob")
        await node.send(ChatId.direct(bob, eve), eve, "end")
        await client.saw_text("end")

    assert client.texts == ["end"]

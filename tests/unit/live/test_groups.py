"""Streams follow their users into and out of groups, and receive only what their users may see."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from uuid import uuid4

import pytest
from chatly.messaging.v1 import message_pb2

from history.audience import chat_channel, user_channel
from history.chat_id import ChatId
from history.model import GroupUpdated, MemberSet, MessageSent, Role
from history.view import Replay
from kernel.bus.memory import MemoryBus
from kernel.ids import UserId
from services.messaging.live import replay
from services.messaging.live.replay import ReplaySource
from tests.unit.live.builders import a_user
from tests.unit.live.harness import Backend, Client, Node, a_node
from tests.waiting import eventually


async def all_delivered(node: Node, client: Client) -> None:
    """Wait until everything published so far has been delivered: a later message to the client itself has arrived."""
    await node.send(ChatId.direct(client.user, a_user()), client.user, "end")
    await client.saw_text("end")


async def test_a_new_group_arrives_as_an_added_chat_and_its_messages_follow(node: Node) -> None:
    ann, bob = a_user(), a_user()
    async with node.client(bob) as client:
        await client.caught_up()
        group = await node.create_group(ann, bob)
        await node.send(group, ann, "welcome")
        await client.saw_text("welcome")

    assert client.kinds == ["caught_up", "chat_added", "message_created"]
    assert [member.user_id for member in client.events[1].chat_added.members] == sorted([ann, bob])


async def test_an_added_user_gets_the_chat_and_the_others_get_the_member(backend: Backend, node: Node) -> None:
    ann, bob, eve = a_user(), a_user(), a_user()
    group = await node.create_group(ann, bob)
    await backend.persist()
    async with node.client(bob) as old, node.client(eve) as new:
        await old.caught_up()
        await new.caught_up()
        added = await node.add(group, ann, eve)
        await node.send(group, ann, "hello eve")
        await old.saw_text("hello eve")
        await new.saw_text("hello eve")
        await backend.persist()
        await all_delivered(node, new)
        await all_delivered(node, old)

    assert new.kinds == ["caught_up", "chat_added", "message_created", "message_created"]
    assert new.events[1].chat_added.title == "group"
    assert old.kinds == ["caught_up", "member_changed", "message_created", "message_created"]
    assert old.events[1].member_changed.user_id == eve
    assert str(added.event.event_id) in new.ids


async def test_messages_sent_before_the_node_received_the_new_group_are_fetched(backend: Backend, node: Node) -> None:
    ann, bob = a_user(), a_user()
    async with node.client(bob) as client:
        await client.caught_up()
        group = await node.create_group(ann)
        added = await backend.append(backend.event(group, ann, MemberSet(bob, Role.MEMBER), audience=(bob,)))
        early = await backend.append(backend.event(group, ann, MessageSent(uuid4(), "early")))
        # Both copies of the message arrive before the node receives the new membership.
        await node.tail.add(added)
        await node.tail.add(early)
        await backend.publish(early)
        await backend.publish(added)
        await client.saw_text("early")

    assert client.kinds == ["caught_up", "chat_added", "message_created"]


async def test_the_last_event_a_removed_member_gets_is_the_removal(backend: Backend, node: Node) -> None:
    ann, bob = a_user(), a_user()
    group = await node.create_group(ann, bob)
    async with node.client(bob) as client, node.client(ann) as other:
        await client.caught_up()
        await other.caught_up()
        await node.send(group, ann, "for both")
        removal = await node.remove(group, ann, bob)
        await node.send(group, ann, "about bob")
        await backend.typing(chat_channel(group), ann)
        await other.saw_text("about bob")
        await backend.persist()
        await all_delivered(node, client)

    assert client.kinds == ["caught_up", "message_created", "member_changed", "message_created"]
    assert client.texts == ["for both", "end"]
    assert client.ids[1] == str(removal.event.event_id)
    assert client.events[2].member_changed.role == 0


async def test_a_member_removed_while_offline_gets_only_the_removal(backend: Backend, node: Node) -> None:
    ann, bob = a_user(), a_user()
    group = await node.create_group(ann, bob)
    async with node.client(bob) as client:
        await client.caught_up()
    await node.send(group, ann, "secret")
    await node.remove(group, ann, bob)
    await backend.persist()
    await node.send(group, ann, "more secret")

    async with node.client(bob, client.cursor) as resumed:
        await resumed.caught_up()
        await node.send(group, ann, "still secret")
        await all_delivered(node, resumed)

    assert resumed.texts == ["end"]
    assert resumed.events[-3].HasField("member_changed")


async def test_a_member_who_is_added_again_gets_new_messages(node: Node) -> None:
    ann, bob = a_user(), a_user()
    group = await node.create_group(ann, bob)
    async with node.client(bob) as client:
        await client.caught_up()
        await node.remove(group, ann, bob)
        await node.send(group, ann, "while out")
        await node.add(group, ann, bob)
        await node.send(group, ann, "back in")
        await client.saw_text("back in")

    assert client.texts == ["back in"]


async def test_the_later_of_two_membership_changes_counts_in_either_order_of_arrival(
    backend: Backend, node: Node
) -> None:
    ann, bob = a_user(), a_user()
    group = await node.create_group(ann, bob)
    async with node.client(bob) as client, node.client(ann) as other:
        await client.caught_up()
        await other.caught_up()
        added = await backend.append(backend.event(group, ann, MemberSet(bob, Role.ADMIN)))
        removed = await backend.append(backend.event(group, ann, MemberSet(bob, None)))
        await backend.publish(removed)
        await backend.publish(added)
        await node.send(group, ann, "not for bob")
        await other.saw_text("not for bob")
        await all_delivered(node, client)

    assert client.texts == ["end"]


async def test_a_new_role_arrives_once(backend: Backend, node: Node) -> None:
    ann, bob = a_user(), a_user()
    group = await node.create_group(ann, bob)
    async with node.client(bob) as client:
        await client.caught_up()
        await node.record(backend.event(group, ann, MemberSet(bob, Role.ADMIN)))
        await backend.persist()
        await all_delivered(node, client)

    assert client.kinds == ["caught_up", "member_changed", "message_created"]
    assert client.events[1].member_changed.role == message_pb2.ROLE_ADMIN


async def test_new_details_arrive_with_the_whole_chat(backend: Backend, node: Node) -> None:
    ann, bob = a_user(), a_user()
    group = await node.create_group(ann, bob)
    async with node.client(bob) as client:
        await client.caught_up()
        renamed = await node.record(backend.event(group, ann, GroupUpdated(title="renamed")))
        await client.saw(renamed)

    assert client.events[-1].chat_updated.title == "renamed"
    assert len(client.events[-1].chat_updated.members) == 2


async def test_a_deletion_for_me_reaches_only_my_devices(backend: Backend, node: Node) -> None:
    ann, bob = a_user(), a_user()
    group = await node.create_group(ann, bob)
    sent = await node.send(group, bob)
    async with node.client(ann) as phone, node.client(ann) as laptop, node.client(bob) as other:
        for client in (phone, laptop, other):
            await client.caught_up()
        cursor = other.cursor
        deleted = await node.delete_for_me(group, ann, sent.event.event_id)
        await phone.saw(deleted)
        await laptop.saw(deleted)
        await backend.persist()
        await all_delivered(node, other)
    async with node.client(bob, cursor) as resumed:
        await resumed.caught_up()

    assert other.kinds == ["caught_up", "message_created"]
    assert str(deleted.event.event_id) not in resumed.ids


async def test_typing_reaches_the_members_and_is_not_stored(backend: Backend, node: Node) -> None:
    ann, bob, eve = a_user(), a_user(), a_user()
    group = await node.create_group(ann, bob)
    async with node.client(bob) as member, node.client(eve) as stranger:
        await member.caught_up()
        await stranger.caught_up()
        await backend.typing(chat_channel(group), ann)
        await backend.typing(user_channel(bob), ann)
        await eventually(lambda: member.kinds.count("typing") == 2)
        await all_delivered(node, stranger)

    assert "typing" not in stranger.kinds
    assert member.ids == []


async def test_streams_that_end_leave_nothing_behind(node: Node) -> None:
    ann, bob = a_user(), a_user()
    await node.create_group(ann, bob)
    for _ in range(3):
        async with node.client(bob) as client:
            await client.caught_up()
    async with node.client(ann) as client:
        await client.caught_up()
        await all_delivered(node, client)
        await asyncio.sleep(0)
        assert isinstance(node.bus, MemoryBus)
        subscribed = set(node.bus._inboxes)

    assert not node.hub.subscribers
    assert user_channel(bob) not in subscribed
    assert user_channel(ann) in subscribed


async def test_two_nodes_deliver_each_others_messages(backend: Backend, node: Node) -> None:
    ann, bob = a_user(), a_user()
    group = await node.create_group(ann, bob)
    await backend.persist()
    async with a_node(backend) as other, other.client(bob) as client:
        await client.caught_up()
        await node.send(group, ann, "across")
        await client.saw_text("across")


class HistoryWithAddition:
    """A history to which something is added just before it is asked for missed events."""

    def __init__(self, past: ReplaySource, add: Callable[[], Awaitable[object]]) -> None:
        self._past = past
        self._add = add
        self.chats_of = past.chats_of
        self.outlines = past.outlines

    async def missed(
        self, user_id: UserId, since: Mapping[int, int], *, chats: Collection[ChatId] | None = None, limit: int
    ) -> Replay:
        await self._add()
        return await self._past.missed(user_id, since, chats=chats, limit=limit)


async def test_a_user_added_during_a_replay_gets_the_group_from_then_on(backend: Backend, node: Node) -> None:
    ann, bob = a_user(), a_user()
    group = await node.create_group(ann)
    async with node.client(bob) as client:
        await client.caught_up()

    async def add_bob() -> None:
        added = backend.event(group, ann, MemberSet(bob, Role.MEMBER), audience=(bob,))
        await node.tail.add(await backend.append(added))

    node.replays._source = HistoryWithAddition(node.history, add_bob)
    async with node.client(bob, client.cursor) as resumed:
        await resumed.caught_up()
        node.replays._source = node.history
        # The bus delivers the event after the replay.
        await backend.publish(backend.recorded[-1])
        await node.send(group, ann, "welcome")
        await resumed.saw_text("welcome")

    assert "chat_added" in resumed.kinds


@pytest.mark.parametrize("published_by", ["its node", "the persister"])
async def test_the_first_message_of_a_chat_that_is_sent_during_a_replay_arrives_once(
    backend: Backend, node: Node, published_by: str
) -> None:
    ann, bob = a_user(), a_user()
    async with node.client(bob) as client:
        await client.caught_up()

    async def ann_writes() -> None:
        first = backend.event(ChatId.direct(ann, bob), ann, MessageSent(uuid4(), "hello"))
        sent = await backend.append(first)
        if published_by == "its node":
            await node.tail.add(sent)
            await backend.publish(sent)
        else:
            # The node that appended it died. It is stored before the replay reads the stored offsets.
            await backend.persist()

    node.replays._source = HistoryWithAddition(node.history, ann_writes)
    async with node.client(bob, client.cursor) as resumed:
        await resumed.caught_up()
        node.replays._source = node.history
        await resumed.saw_text("hello")
        await backend.persist()
        await all_delivered(node, resumed)
    async with node.client(bob, resumed.cursor) as again:
        await again.caught_up()
        await all_delivered(node, again)

    assert resumed.texts.count("hello") == 1
    assert "hello" not in again.texts


async def test_a_member_removed_during_a_gap_too_long_to_replay_gets_nothing_more(
    backend: Backend, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "MAX_EVENTS", 2)
    ann, bob = a_user(), a_user()
    group = await node.create_group(ann, bob)
    await backend.persist()
    async with node.client(bob) as client:
        await client.caught_up()
        for number in range(3):
            lost = backend.event(ChatId.direct(ann, bob), ann, MessageSent(uuid4(), str(number)))
            await node.tail.add(await backend.append(lost))
        removed = backend.event(group, ann, MemberSet(bob, None), audience=(bob,))
        await node.tail.add(await backend.append(removed))
        await backend.overflow_bus()
        await eventually(lambda: "resync" in client.kinds)
        await node.send(group, ann, "not for bob")
        await all_delivered(node, client)

    assert client.texts == ["end"]

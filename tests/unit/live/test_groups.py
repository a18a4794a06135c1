"""Streams follow their user into groups and out of them, and nobody hears what is not theirs."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from uuid import uuid4

import pytest
from chatly.messaging.v1 import message_pb2

from history.channels import chat_channel, user_channel
from history.chat_id import ChatId
from history.model import GroupUpdated, MemberSet, MessageSent, Role
from history.view import Replay
from kernel.ids import UserId
from services.messaging.live import replay
from services.messaging.live.replay import ReplaySource
from tests.unit.live.builders import a_user
from tests.unit.live.harness import Backend, Client, Node, a_node
from tests.waiting import eventually


async def nothing_more(node: Node, client: Client) -> None:
    """Everything published before now has been handled when a later message of the client's own has come."""
    await node.send(ChatId.direct(client.user, a_user()), client.user, "end")
    await client.saw_text("end")


async def test_a_new_group_is_told_as_an_added_chat_and_its_messages_follow(node: Node) -> None:
    ann, bob = a_user(), a_user()
    async with node.client(bob) as client:
        await client.caught_up()
        group = await node.create_group(ann, bob)
        await node.send(group, ann, "welcome")
        await client.saw_text("welcome")

    assert client.kinds == ["caught_up", "chat_added", "message_created"]
    assert [member.user_id for member in client.events[1].chat_added.members] == sorted([ann, bob])


async def test_who_is_added_is_told_of_a_chat_and_the_others_of_a_member(backend: Backend, node: Node) -> None:
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
        await nothing_more(node, new)
        await nothing_more(node, old)

    assert new.kinds == ["caught_up", "chat_added", "message_created", "message_created"]
    assert new.events[1].chat_added.title == "group"
    assert old.kinds == ["caught_up", "member_changed", "message_created", "message_created"]
    assert old.events[1].member_changed.user_id == eve
    assert str(added.event.event_id) in new.ids


async def test_what_was_said_before_the_node_heard_the_new_group_is_fetched(backend: Backend, node: Node) -> None:
    ann, bob = a_user(), a_user()
    async with node.client(bob) as client:
        await client.caught_up()
        group = await node.create_group(ann)
        added = await backend.append(backend.event(group, ann, MemberSet(bob, Role.MEMBER), audience=(bob,)))
        early = await backend.append(backend.event(group, ann, MessageSent(uuid4(), "early")))
        # Both copies of the message go by before the node hears of the new member.
        await node.tail.add(added)
        await node.tail.add(early)
        await backend.publish(early)
        await backend.publish(added)
        await client.saw_text("early")

    assert client.kinds == ["caught_up", "chat_added", "message_created"]


async def test_the_last_that_a_removed_member_hears_is_their_removal(backend: Backend, node: Node) -> None:
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
        await nothing_more(node, client)

    assert client.kinds == ["caught_up", "message_created", "member_changed", "message_created"]
    assert client.texts == ["for both", "end"]
    assert client.ids[1] == str(removal.event.event_id)
    assert client.events[2].member_changed.role == 0


async def test_who_was_removed_while_away_hears_of_that_alone(backend: Backend, node: Node) -> None:
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
        await nothing_more(node, resumed)

    assert resumed.texts == ["end"]
    assert resumed.events[-3].HasField("member_changed")


async def test_who_comes_back_hears_the_group_again(node: Node) -> None:
    ann, bob = a_user(), a_user()
    group = await node.create_group(ann, bob)
    async with node.client(bob) as client:
        await client.caught_up()
        await node.remove(group, ann, bob)
        await node.send(group, ann, "unheard")
        await node.add(group, ann, bob)
        await node.send(group, ann, "heard")
        await client.saw_text("heard")

    assert client.texts == ["heard"]


async def test_of_two_changes_the_later_counts_in_whatever_order_they_come(backend: Backend, node: Node) -> None:
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
        await nothing_more(node, client)

    assert client.texts == ["end"]


async def test_a_new_role_is_told_once(backend: Backend, node: Node) -> None:
    ann, bob = a_user(), a_user()
    group = await node.create_group(ann, bob)
    async with node.client(bob) as client:
        await client.caught_up()
        await node.record(backend.event(group, ann, MemberSet(bob, Role.ADMIN)))
        await backend.persist()
        await nothing_more(node, client)

    assert client.kinds == ["caught_up", "member_changed", "message_created"]
    assert client.events[1].member_changed.role == message_pb2.ROLE_ADMIN


async def test_new_details_are_told_whole(backend: Backend, node: Node) -> None:
    ann, bob = a_user(), a_user()
    group = await node.create_group(ann, bob)
    async with node.client(bob) as client:
        await client.caught_up()
        renamed = await node.record(backend.event(group, ann, GroupUpdated(title="renamed")))
        await client.saw(renamed)

    assert client.events[-1].chat_updated.title == "renamed"
    assert len(client.events[-1].chat_updated.members) == 2


async def test_a_deletion_for_oneself_reaches_ones_own_devices_only(backend: Backend, node: Node) -> None:
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
        await nothing_more(node, other)
    async with node.client(bob, cursor) as resumed:
        await resumed.caught_up()

    assert other.kinds == ["caught_up", "message_created"]
    assert str(deleted.event.event_id) not in resumed.ids


async def test_typing_reaches_the_members_and_is_not_kept(backend: Backend, node: Node) -> None:
    ann, bob, eve = a_user(), a_user(), a_user()
    group = await node.create_group(ann, bob)
    async with node.client(bob) as member, node.client(eve) as stranger:
        await member.caught_up()
        await stranger.caught_up()
        await backend.typing(chat_channel(group), ann)
        await backend.typing(user_channel(bob), ann)
        await eventually(lambda: member.kinds.count("typing") == 2)
        await nothing_more(node, stranger)

    assert "typing" not in stranger.kinds
    assert member.ids == []


async def test_streams_that_go_leave_nothing_behind(node: Node) -> None:
    ann, bob = a_user(), a_user()
    await node.create_group(ann, bob)
    for _ in range(3):
        async with node.client(bob) as client:
            await client.caught_up()
    async with node.client(ann) as client:
        await client.caught_up()
        await nothing_more(node, client)
        await asyncio.sleep(0)
        heard = set(node.backend.bus._inboxes)

    assert not node.hub.subscribers
    assert user_channel(bob) not in heard
    assert user_channel(ann) in heard


async def test_two_nodes_deliver_each_others_messages(backend: Backend, node: Node) -> None:
    ann, bob = a_user(), a_user()
    group = await node.create_group(ann, bob)
    await backend.persist()
    async with a_node(backend) as other, other.client(bob) as client:
        await client.caught_up()
        await node.send(group, ann, "across")
        await client.saw_text("across")


class PastWithNews:
    """The history, in which something happens just before it is asked what was missed."""

    def __init__(self, past: ReplaySource, happens: Callable[[], Awaitable[object]]) -> None:
        self._past = past
        self._happens = happens
        self.chats_of = past.chats_of
        self.outlines = past.outlines

    async def missed(
        self, user_id: UserId, since: Mapping[int, int], *, chats: Collection[ChatId] | None = None, limit: int
    ) -> Replay:
        await self._happens()
        return await self._past.missed(user_id, since, chats=chats, limit=limit)


async def test_who_is_added_while_a_replay_runs_hears_the_group_from_then_on(backend: Backend, node: Node) -> None:
    ann, bob = a_user(), a_user()
    group = await node.create_group(ann)
    async with node.client(bob) as client:
        await client.caught_up()

    async def add_bob() -> None:
        added = backend.event(group, ann, MemberSet(bob, Role.MEMBER), audience=(bob,))
        await node.tail.add(await backend.append(added))

    node.replays._source = PastWithNews(node.history, add_bob)
    async with node.client(bob, client.cursor) as resumed:
        await resumed.caught_up()
        node.replays._source = node.history
        # The replay was quicker than the bus.
        await backend.publish(backend.recorded[-1])
        await node.send(group, ann, "welcome")
        await resumed.saw_text("welcome")

    assert "chat_added" in resumed.kinds


@pytest.mark.parametrize("told_by", ["its node", "the persister"])
async def test_who_is_written_to_for_the_first_time_while_a_replay_runs_hears_it_once(
    backend: Backend, node: Node, told_by: str
) -> None:
    ann, bob = a_user(), a_user()
    async with node.client(bob) as client:
        await client.caught_up()

    async def ann_writes() -> None:
        first = backend.event(ChatId.direct(ann, bob), ann, MessageSent(uuid4(), "hello"))
        sent = await backend.append(first)
        if told_by == "its node":
            await node.tail.add(sent)
            await backend.publish(sent)
        else:
            # Its node died. The store has it before the replay asks how far that is.
            await backend.persist()

    node.replays._source = PastWithNews(node.history, ann_writes)
    async with node.client(bob, client.cursor) as resumed:
        await resumed.caught_up()
        node.replays._source = node.history
        await resumed.saw_text("hello")
        await backend.persist()
        await nothing_more(node, resumed)
    async with node.client(bob, resumed.cursor) as again:
        await again.caught_up()
        await nothing_more(node, again)

    assert resumed.texts.count("hello") == 1
    assert "hello" not in again.texts


async def test_who_was_removed_during_a_gap_too_long_to_replay_hears_no_more(
    backend: Backend, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "MAX_EVENTS", 2)
    ann, bob = a_user(), a_user()
    group = await node.create_group(ann, bob)
    await backend.persist()
    async with node.client(bob) as client:
        await client.caught_up()
        for number in range(3):
            unheard = backend.event(ChatId.direct(ann, bob), ann, MessageSent(uuid4(), str(number)))
            await node.tail.add(await backend.append(unheard))
        removed = backend.event(group, ann, MemberSet(bob, None), audience=(bob,))
        await node.tail.add(await backend.append(removed))
        await backend.overflow_bus()
        await eventually(lambda: "resync" in client.kinds)
        await node.send(group, ann, "not for bob")
        await nothing_more(node, client)

    assert client.texts == ["end"]

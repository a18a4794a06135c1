"""Streams of members from whom earlier messages are hidden receive no event of these messages."""

from dataclasses import dataclass
from uuid import uuid4

import pytest

from history.chat_id import ChatId
from history.model import (
    Change,
    GroupUpdated,
    HistoryVisibility,
    LogEvent,
    MessageDeleted,
    MessageEdited,
    ReactionSet,
    ReadMarkMoved,
    Role,
)
from history.visibility import set_membership
from kernel.ids import UserId
from tests.unit.live.builders import a_user
from tests.unit.live.harness import Backend, Client, Node


@dataclass
class Group:
    """A group with the setting JOINED, in which only Ann was a member when `hidden` was sent."""

    node: Node
    chat_id: ChatId
    ann: UserId
    bob: UserId
    hidden: LogEvent

    async def set_role(self, role: Role | None) -> LogEvent:
        state = await self.node.history.chat(self.chat_id)
        assert state is not None
        change = set_membership(state, self.bob, role)
        return await self.node.record(self.node.backend.event(self.chat_id, self.ann, change, (self.bob,)))

    async def change(self, message: LogEvent) -> list[LogEvent]:
        """Record each kind of change of a message, all by Ann."""
        message_id = message.event.event_id
        changes: list[Change] = [
            MessageEdited(message_id, "edited"),
            ReactionSet(message_id, "👍", present=True),
            ReadMarkMoved(message_id),
            MessageDeleted(message_id, for_everyone=True),
        ]
        return [await self.node.record(self.node.backend.event(self.chat_id, self.ann, change)) for change in changes]


@pytest.fixture
async def group(node: Node) -> Group:
    ann, bob = a_user(), a_user()
    chat_id = await node.create_group(ann)
    setting = GroupUpdated(history_visibility=HistoryVisibility.JOINED)
    await node.record(node.backend.event(chat_id, ann, setting))
    hidden = await node.send(chat_id, ann, "hidden")
    return Group(node, chat_id, ann, bob, hidden)


def ids_of(events: list[LogEvent]) -> set[str]:
    return {str(stored.event.event_id) for stored in events}


async def until_now(group: Group, client: Client) -> None:
    """Wait until the client has everything of the group that it gets."""
    text = str(uuid4())
    await group.node.send(group.chat_id, group.ann, text)
    await client.saw_text(text)


async def test_the_second_copy_of_a_hidden_message_does_not_reach_a_new_member(
    backend: Backend, node: Node, group: Group
) -> None:
    async with node.client(group.bob) as client:
        await client.caught_up()
        await group.set_role(Role.MEMBER)
        # The persister publishes the hidden message once more, and the stream entered the channel after the first copy.
        await backend.persist()
        await until_now(group, client)

    assert "hidden" not in client.texts


async def test_live_changes_of_hidden_messages_do_not_reach_a_member(node: Node, group: Group) -> None:
    async with node.client(group.bob) as client:
        await client.caught_up()
        await group.set_role(Role.MEMBER)
        await until_now(group, client)
        seen = await node.send(group.chat_id, group.ann, "seen")
        of_hidden = await group.change(group.hidden)
        of_seen = await group.change(seen)
        await until_now(group, client)

    assert ids_of(of_hidden).isdisjoint(client.ids)
    assert ids_of([seen, *of_seen]) <= set(client.ids)


async def test_a_stream_that_starts_later_does_not_get_them_either(backend: Backend, node: Node, group: Group) -> None:
    await group.set_role(Role.MEMBER)
    await backend.persist()
    async with node.client(group.bob) as client:
        await client.caught_up()
        of_hidden = await group.change(group.hidden)
        await until_now(group, client)

    assert ids_of(of_hidden).isdisjoint(client.ids)


@pytest.mark.parametrize("stored", [False, True])
async def test_a_cursor_from_before_replays_no_hidden_message(
    backend: Backend, node: Node, group: Group, *, stored: bool
) -> None:
    async with node.client(group.bob) as client:
        await client.caught_up()
        cursor = client.cursor
    of_hidden = await group.change(group.hidden)
    await node.send(group.chat_id, group.ann, "also hidden")
    await group.set_role(Role.MEMBER)
    if stored:
        await backend.persist()
    async with node.client(group.bob, cursor) as client:
        await client.caught_up()
        await until_now(group, client)

    assert not {"hidden", "also hidden"} & set(client.texts)
    assert ids_of([group.hidden, *of_hidden]).isdisjoint(client.ids)


async def test_a_member_who_was_removed_does_not_get_what_was_said_in_between(node: Node, group: Group) -> None:
    async with node.client(group.bob) as client:
        await client.caught_up()
        await group.set_role(Role.MEMBER)
        await until_now(group, client)
        known = client.texts[-1]
        await group.set_role(None)
        between = await node.send(group.chat_id, group.ann, "between")
        await group.set_role(Role.MEMBER)
        of_between = await group.change(between)
        await until_now(group, client)
        cursor = client.cursor
    async with node.client(group.bob, cursor) as again:
        await again.caught_up()

    assert "between" not in client.texts + again.texts
    assert ids_of(of_between).isdisjoint(client.ids + again.ids)
    assert known in client.texts


async def test_after_a_removal_and_the_other_setting_everything_arrives(node: Node, group: Group) -> None:
    async with node.client(group.bob) as client:
        await client.caught_up()
        await group.set_role(Role.MEMBER)
        await group.set_role(None)
        setting = GroupUpdated(history_visibility=HistoryVisibility.SHARED)
        await node.record(node.backend.event(group.chat_id, group.ann, setting))
        await group.set_role(Role.MEMBER)
        of_hidden = await group.change(group.hidden)
        await until_now(group, client)

    assert ids_of(of_hidden) <= set(client.ids)

"""Nodes whose clocks disagree: a change sorts after everything that it changes."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from history.audience import members_of
from history.chat_id import ChatId
from history.model import ChatState, Role
from kernel.ids import UserId, time_key, time_of
from kernel.runner import background
from services.messaging.api.grpc import MessagingServicer
from services.messaging.model import ChatRef, Details, Listing
from tests.builders import NOON
from tests.fakes import FakeClock
from tests.unit.messaging.conftest import MaybePersist
from tests.unit.messaging.harness import Harness, between, open_harness
from tests.waiting import eventually

FIFTY_YEARS = timedelta(days=50 * 365)


def node_at(harness: Harness, offset: timedelta) -> MessagingServicer:
    """Return a node that has seen no event yet, whose clock is wrong by this much."""
    return harness.another_node(clock=FakeClock(NOON + offset)).servicer


async def text_of(harness: Harness, chat: ChatRef, message_id: UUID, viewer: UserId) -> str:
    return (await node_at(harness, timedelta()).messages.get(chat, message_id, viewer=viewer)).text


@pytest.mark.parametrize("fast", [timedelta(minutes=1), timedelta(days=1), FIFTY_YEARS])
async def test_an_edit_after_one_of_a_fast_clock_is_shown(
    harness: Harness, maybe_persist: MaybePersist, fast: timedelta
) -> None:
    ann, bob = harness.users(2)
    chat = between(ann, bob)
    sent = await harness.send(ann, bob, "1")
    await node_at(harness, fast).edit_message(chat, sent.message_id, "2", editor=ann)
    await maybe_persist()

    edited = await node_at(harness, timedelta()).edit_message(chat, sent.message_id, "3", editor=ann)
    await maybe_persist()

    assert edited.text == await text_of(harness, chat, sent.message_id, bob) == "3"


@pytest.mark.parametrize("fast", [timedelta(minutes=1), timedelta(days=1), FIFTY_YEARS])
async def test_a_reaction_of_a_fast_clock_can_be_removed_and_added_again(
    harness: Harness, maybe_persist: MaybePersist, fast: timedelta
) -> None:
    ann, bob = harness.users(2)
    chat = between(ann, bob)
    sent = await harness.send(ann, bob)
    outcomes = []
    for offset in (fast, timedelta(), timedelta(minutes=-1)):
        _, present = await node_at(harness, offset).toggle_reaction(chat, sent.message_id, "👍", user_id=bob)
        await maybe_persist()
        shown = await node_at(harness, timedelta()).messages.reactions(chat, sent.message_id, viewer=ann)
        outcomes.append((present, len(shown)))

    assert outcomes == [(True, 1), (False, 0), (True, 1)]


async def test_a_group_change_sorts_after_one_that_this_node_has_not_received(
    harness: Harness, maybe_persist: MaybePersist
) -> None:
    ann, bob = harness.users(2)
    group = (await harness.a_group(ann, bob)).state.chat_id
    ahead = node_at(harness, timedelta(minutes=1))
    await maybe_persist()
    await harness.service.chats.get(ChatRef(group), viewer=ann)  # caches the group
    await ahead.groups.update(group, Details(title="second"), user_id=ann)
    await ahead.groups.add_members(group, [bob], Role.ADMIN, actor=ann)
    await maybe_persist()

    await harness.service.groups.update(group, Details(title="third"), user_id=ann)
    await harness.service.groups.remove_member(group, bob, actor=ann)
    await maybe_persist()

    state = (await node_at(harness, timedelta()).chats.get(ChatRef(group), viewer=ann)).state
    assert state.title is not None
    assert (state.title.value, dict(members_of(state))) == ("third", {ann: Role.OWNER})


async def test_a_message_from_far_ahead_moves_only_its_own_chat(harness: Harness, maybe_persist: MaybePersist) -> None:
    ann, bob, cid = harness.users(3)
    chat = between(ann, bob)
    await harness.send(ann, cid)  # the node caches the chats that it sends to
    far = await node_at(harness, FIFTY_YEARS).send_message(harness.draft(bob, "from 2079"), sender=ann)
    await maybe_persist()

    reply = await harness.send(bob, ann, "what?", reply_to=far.message_id)
    edited = await harness.service.edit_message(chat, far.message_id, "from now", editor=ann)
    elsewhere = await harness.send(ann, cid)
    await maybe_persist()

    page = (await harness.service.list_messages(Listing(chat=chat), viewer=ann)).items
    assert [message.text for message in page] == ["from now", "what?"]
    assert time_key(reply.message_id) > time_key(far.message_id)
    assert edited.edit_id is not None
    assert time_key(edited.edit_id) > time_key(far.message_id)
    assert time_of(elsewhere.message_id) - harness.clock.now() < timedelta(seconds=1)
    assert reply.created_at == harness.clock.now()


async def test_no_chat_has_its_last_activity_in_the_future(harness: Harness, maybe_persist: MaybePersist) -> None:
    ann, bob = harness.users(2)
    await node_at(harness, FIFTY_YEARS).send_message(harness.draft(bob), sender=ann)
    await maybe_persist()

    (chat,) = (await harness.service.chats.list(viewer=ann)).items

    assert chat.last_activity_at <= harness.clock.now()


class Talk:
    """Makes acknowledged changes through nodes with wrong clocks, and checks that each is shown."""

    def __init__(self, harness: Harness, nodes: Sequence[MessagingServicer]) -> None:
        self._harness = harness
        self._nodes = nodes
        self._count = 0
        self.ann, self.bob = harness.users(2)
        self.chat = ChatRef()
        self.message_id = UUID(int=0)

    async def begin(self) -> None:
        self.chat = ChatRef((await self._harness.a_group(self.ann, self.bob)).state.chat_id)
        await self.change("send", self._nodes[0])

    async def change(self, kind: str, node: MessagingServicer) -> None:
        self._count += 1
        await getattr(self, f"_{kind}")(node, f"text {self._count}")
        await self._all_nodes_received()

    async def _all_nodes_received(self) -> None:
        expected = await self._harness.history.chat(ChatId(self.chat.chat_id))
        for node in self._nodes:
            await eventually(partial(self._has_received, node, expected))

    async def _has_received(self, node: MessagingServicer, expected: ChatState | None) -> bool:
        return (await node.chats.get(self.chat, viewer=self.ann)).state == expected

    async def _send(self, node: MessagingServicer, text: str) -> None:
        sent = await node.send_message(self._harness.draft(ChatId(self.chat.chat_id), text), sender=self.ann)
        self.message_id = sent.message_id
        for reader in self._nodes:
            page = (await reader.list_messages(Listing(chat=self.chat), viewer=self.bob)).items
            assert page[-1].text == text
        await self._all_nodes_received()

    async def _edit(self, node: MessagingServicer, text: str) -> None:
        await node.edit_message(self.chat, self.message_id, text, editor=self.ann)
        for reader in self._nodes:
            assert (await reader.messages.get(self.chat, self.message_id, viewer=self.bob)).text == text

    async def _react(self, node: MessagingServicer, _: str) -> None:
        reactions, present = await node.toggle_reaction(self.chat, self.message_id, "👍", user_id=self.bob)
        assert present == bool(reactions)
        for reader in self._nodes:
            shown = await reader.messages.reactions(self.chat, self.message_id, viewer=self.ann)
            assert bool(shown) == present

    async def _rename(self, node: MessagingServicer, text: str) -> None:
        await node.groups.update(ChatId(self.chat.chat_id), Details(title=text, description=text), user_id=self.ann)
        state = await self._harness.history.chat(ChatId(self.chat.chat_id))
        assert state
        assert state.title
        assert state.description
        assert state.title.value == state.description.value == text

    async def _promote(self, node: MessagingServicer, _: str) -> None:
        state = await self._harness.history.chat(ChatId(self.chat.chat_id))
        assert state
        role = Role.ADMIN if members_of(state)[self.bob] is Role.MEMBER else Role.MEMBER
        await node.groups.add_members(state.chat_id, [self.bob], role, actor=self.ann)
        state = await self._harness.history.chat(state.chat_id)
        assert state
        assert members_of(state)[self.bob] is role

    async def _rejoin(self, node: MessagingServicer, _: str) -> None:
        chat_id = ChatId(self.chat.chat_id)
        await node.groups.remove_member(chat_id, self.bob, actor=self.ann)
        state = await self._harness.history.chat(chat_id)
        assert state
        assert self.bob not in members_of(state)
        await node.groups.add_members(chat_id, [self.bob], None, actor=self.ann)
        state = await self._harness.history.chat(chat_id)
        assert state
        assert self.bob in members_of(state)

    async def _read(self, node: MessagingServicer, _: str) -> None:
        read = await node.mark_read(self.chat, self.message_id, reader=self.bob)
        assert (read.message_id, read.unread_count) == (self.message_id, 0)
        await self._all_nodes_received()
        for reader in self._nodes:
            assert (await reader.chats.get(self.chat, viewer=self.bob)).unread_count == 0

    async def _delete(self, node: MessagingServicer, text: str) -> None:
        await node.delete_message(self.chat, self.message_id, for_everyone=True, user_id=self.ann)
        for reader in self._nodes:
            assert (await reader.messages.get(self.chat, self.message_id, viewer=self.bob)).deleted_for_everyone
        await self._send(node, text)

    async def _hide(self, node: MessagingServicer, text: str) -> None:
        hidden = self.message_id
        await node.delete_message(self.chat, hidden, for_everyone=False, user_id=self.bob)
        for reader in self._nodes:
            page = (await reader.list_messages(Listing(chat=self.chat), viewer=self.bob)).items
            assert hidden not in [message.message_id for message in page]
        await self._send(node, text)


KINDS = ("send", "edit", "react", "rename", "promote", "rejoin", "read", "delete", "hide")
RESTARTED = -1
OFFSETS = (0.0, 2.0, 60.0, -60.0, 86_400.0, -86_400.0, FIFTY_YEARS.total_seconds())
steps = st.tuples(st.sampled_from(KINDS), st.sampled_from((0, 1, RESTARTED)), st.sampled_from(OFFSETS), st.booleans())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, min_size=1, max_size=12))
async def test_every_acknowledged_change_is_shown_whatever_the_clocks_say(
    steps: list[tuple[str, int, float, bool]],
) -> None:
    with TemporaryDirectory() as folder:
        async with open_harness(Path(folder)) as harness:
            clocks = [FakeClock(), FakeClock()]
            nodes = [harness.another_node(clock=clock) for clock in clocks]
            talk = Talk(harness, [node.servicer for node in nodes])
            async with background({str(number): node.states.run for number, node in enumerate(nodes)}):
                await talk.begin()
                for kind, number, offset, is_stored in steps:
                    wrong_by = timedelta(seconds=offset)
                    if number == RESTARTED:
                        await talk.change(kind, node_at(harness, wrong_by))
                    else:
                        clocks[number].set(NOON + wrong_by)
                        await talk.change(kind, nodes[number].servicer)
                    if is_stored:
                        await harness.persist()

"""Hidden messages and the setting of a group, run over every adapter."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from history.model import ChatEvent, HistoryVisibility, LwwRegister, MemberSet, Membership, Role
from history.open import HistoryStore
from history.ports import Window
from history.unstored.memory import MemoryHotTail
from history.view import History
from history.visibility import set_membership, viewer_of
from tests.builders import NOON
from tests.fakes import FakeClock
from tests.unit.history.builders import A_GROUP, ANN, BOB, CAT, ChatBuilder, records_of
from tests.unit.history.test_visibility import Group


def a_group() -> Group:
    """Return a group in which Bob was removed and added again twice, each time with messages in between."""
    group = Group()
    group.run([("toggle", BOB), ("send", None), ("send", None), ("set", HistoryVisibility.JOINED)])
    for _ in range(2):
        group.run([("toggle", BOB), ("send", None), ("send", None), ("toggle", BOB), ("send", None), ("send", None)])
    group.run([("toggle", CAT), ("send", None)])
    return group


async def test_the_setting_and_the_hidden_ranges_are_read_back(store: HistoryStore) -> None:
    group = a_group()
    await store.writer.apply(records_of(group.events))

    whole = (await store.chats.heads([A_GROUP]))[A_GROUP].state
    only = {user: (await store.chats.heads([A_GROUP], only=user))[A_GROUP].state for user in (ANN, BOB, CAT)}

    assert whole == group.state
    assert [len(viewer_of(whole, user).hidden) for user in (ANN, BOB, CAT)] == [0, 2, 1]
    for user, state in only.items():
        assert viewer_of(state, user) == viewer_of(whole, user)
        assert state.history_visibility == whole.history_visibility


async def test_of_two_changes_the_later_one_decides_in_any_order(store: HistoryStore) -> None:
    chat, group = ChatBuilder(A_GROUP), Group()
    created, first = chat.created(ANN), chat.sent()
    joined, shared = chat.updated(ANN, HistoryVisibility.JOINED), chat.updated(ANN, HistoryVisibility.SHARED)
    for event in (created, first, joined):
        group.add(event)
    hiding = chat.event(ANN, set_membership(group.state, BOB, Role.MEMBER))
    showing = chat.event(ANN, MemberSet(BOB, Role.MEMBER))
    await store.writer.apply(records_of([created, first, shared, showing]))

    await store.writer.apply(records_of([joined, hiding], start=4))

    state = (await store.chats.heads([A_GROUP]))[A_GROUP].state
    assert state.history_visibility == LwwRegister(shared.event_id, "shared")
    assert state.memberships[BOB] == Membership(showing.event_id, Role.MEMBER)


async def test_a_group_without_the_setting_has_none(store: HistoryStore) -> None:
    chat = ChatBuilder(A_GROUP)
    await store.writer.apply(records_of([chat.created(ANN), chat.sent(), chat.member_set(ANN, BOB, Role.MEMBER)]))

    state = (await store.chats.heads([A_GROUP]))[A_GROUP].state

    assert (state.history_visibility, viewer_of(state, BOB).hidden) == (None, ())


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("limit", [1, 2, 9])
async def test_pages_skip_hidden_ranges(store: HistoryStore, limit: int, *, newest_first: bool) -> None:
    group = a_group()
    await store.writer.apply(records_of(group.events))
    history = History(
        messages=store.messages,
        chats=store.chats,
        events=store.events,
        tail=MemoryHotTail(),
        clock=FakeClock(NOON + timedelta(days=1)),
    )

    for user in (BOB, CAT):
        window, found = Window(limit=limit, newest_first=newest_first), list[UUID]()
        while page := await history.page(A_GROUP, window, viewer=viewer_of(group.state, user)):
            ids = [message.message_id for message in page]
            found = ids + found if newest_first else found + ids
            window = replace(window, before=ids[0]) if newest_first else replace(window, after=ids[-1])

        assert found == [each for each in group.model.sent if each in group.model.visible[user]]


async def test_a_message_at_the_very_time_of_the_range_is_on_its_side(store: HistoryStore) -> None:
    """Cassandra and Python order ids of the same time in different ways."""
    group = a_group()
    twins: list[ChatEvent] = []
    for message_id in group.model.sent:
        raw = bytearray(message_id.bytes)
        raw[15] ^= 0x80
        twins.append(replace(group.builder.sent(ANN, "twin"), event_id=UUID(bytes=bytes(raw))))
    await store.writer.apply(records_of([*group.events, *twins]))
    history = History(
        messages=store.messages,
        chats=store.chats,
        events=store.events,
        tail=MemoryHotTail(),
        clock=FakeClock(NOON + timedelta(days=1)),
    )

    page = await history.page(A_GROUP, Window(limit=99), viewer=viewer_of(group.state, BOB))

    visible = {each.time for each in group.model.visible[BOB]}
    found = [message.message_id.time for message in page]
    assert set(found) == visible
    assert len(found) == 2 * len(visible)

"""The messages that members of a group may see, after any joins, removals and changes of the setting."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Literal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from history.fold import apply_to_chat
from history.model import ChatEvent, ChatState, HiddenRange, HistoryVisibility, MessageSent, Role
from history.open import HistoryStore, open_history
from history.ports import Window
from history.sqlite.schema import SCHEMA
from history.unstored.memory import MemoryHotTail
from history.view import History
from history.visibility import (
    MAX_RANGES,
    Viewer,
    is_hidden,
    newest_visible,
    ranges_from_bytes,
    ranges_to_bytes,
    set_membership,
    viewer_of,
)
from kernel.ids import UserId
from tests.builders import NOON
from tests.fakes import FakeClock
from tests.unit.history.builders import A_GROUP, ANN, BOB, CAT, ChatBuilder, records_of, stored

OTHERS = (BOB, CAT)

Step = tuple[Literal["send"], None] | tuple[Literal["toggle"], UserId] | tuple[Literal["set"], HistoryVisibility]
steps: st.SearchStrategy[list[Step]] = st.lists(
    st.one_of(
        st.just(("send", None)),
        st.tuples(st.just("toggle"), st.sampled_from(OTHERS)),
        st.tuples(st.just("set"), st.sampled_from(HistoryVisibility)),
    ),
    max_size=25,
)


@dataclass
class Model:
    """The messages that each user may see, as plain sets: the simplest statement of the rules."""

    setting: HistoryVisibility = HistoryVisibility.SHARED
    sent: list[UUID] = field(default_factory=list)
    members: set[UserId] = field(default_factory=set)
    visible: dict[UserId, set[UUID]] = field(default_factory=lambda: {user: set() for user in OTHERS})
    unread: dict[UserId, int] = field(default_factory=dict)

    def send(self, message_id: UUID) -> None:
        self.sent.append(message_id)
        for user in self.members:
            self.visible[user].add(message_id)
            self.unread[user] += 1

    def toggle(self, user: UserId) -> None:
        if user in self.members:
            self.members.remove(user)
            return
        self.members.add(user)
        self.unread[user] = 0
        if self.setting is HistoryVisibility.SHARED:
            self.visible[user] = set(self.sent)


@dataclass
class Group:
    """A group of Ann whose events follow the steps."""

    builder: ChatBuilder = field(default_factory=lambda: ChatBuilder(A_GROUP))
    events: list[ChatEvent] = field(default_factory=list)
    state: ChatState = field(default_factory=lambda: ChatState(A_GROUP))
    model: Model = field(default_factory=Model)

    def __post_init__(self) -> None:
        self.add(self.builder.created(ANN))

    def add(self, event: ChatEvent) -> ChatEvent:
        self.events.append(event)
        self.state = apply_to_chat(self.state, event)
        return event

    def send(self) -> ChatEvent:
        event = self.add(self.builder.sent(ANN, "said"))
        self.model.send(event.event_id)
        return event

    def toggle(self, user: UserId) -> None:
        """Add the user, or remove them if they are a member."""
        self.model.toggle(user)
        role = Role.MEMBER if user in self.model.members else None
        self.add(self.builder.event(ANN, set_membership(self.state, user, role), (user,)))

    def set(self, visibility: HistoryVisibility) -> None:
        self.model.setting = visibility
        self.add(self.builder.updated(ANN, visibility))

    def run(self, steps: Sequence[Step]) -> None:
        for step in steps:
            match step:
                case ("send", _):
                    self.send()
                case ("toggle", user):
                    self.toggle(user)
                case ("set", visibility):
                    self.set(visibility)


async def history_of(store: HistoryStore, group: Group, *, cut: int) -> History:
    """Return a history with the first `cut` events in the store and the others in the tail."""
    tail = MemoryHotTail()
    await store.writer.apply(records_of(group.events[:cut]))
    for event in stored(group.events)[cut:]:
        await tail.add(event)
    return History(
        messages=store.messages,
        chats=store.chats,
        events=store.events,
        tail=tail,
        clock=FakeClock(NOON + timedelta(days=1)),
    )


async def read_all(history: History, viewer: Viewer, *, newest_first: bool) -> list[UUID]:
    """Read the whole group in pages of two. Return the ids, oldest first."""
    window, found = Window(limit=2, newest_first=newest_first), list[UUID]()
    while page := await history.page(A_GROUP, window, viewer=viewer):
        ids = [message.message_id for message in page]
        found = ids + found if newest_first else found + ids
        window = replace(window, before=ids[0]) if newest_first else replace(window, after=ids[-1])
    return found


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, share=st.floats(0, 1))
async def test_members_see_what_the_rules_say(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step], share: float
) -> None:
    group = Group()
    group.run(steps)
    async with open_history(tmp_path_factory.mktemp("store")) as store:
        history = await history_of(store, group, cut=round(share * len(group.events)))
        for user in group.model.members:
            await check(history, group, user)


async def check(history: History, group: Group, user: UserId) -> None:
    """Compare everything that a member reads with the model."""
    model, state = group.model, await history.chat(A_GROUP)
    assert state == group.state
    viewer = viewer_of(state, user)
    visible = [each for each in model.sent if each in model.visible[user]]

    assert await read_all(history, viewer, newest_first=True) == visible
    assert await read_all(history, viewer, newest_first=False) == visible
    singly = [each for each in model.sent if await history.message(A_GROUP, each, viewer=viewer)]
    assert singly == visible
    replay = await history.missed(user, {}, limit=999)
    assert [each.event.event_id for each in replay.events if isinstance(each.event.change, MessageSent)] == visible
    overview = await history.overview(state, user)
    assert (overview.last_message.message_id if overview.last_message else None) == (visible[-1] if visible else None)
    assert overview.unread_count == model.unread[user]


@pytest.mark.parametrize("cut", range(9))
async def test_the_tail_alone_shows_no_hidden_message(store: HistoryStore, cut: int) -> None:
    group = Group()
    group.run([("set", HistoryVisibility.JOINED), ("send", None), ("send", None), ("toggle", BOB), ("send", None)])
    group.run([("toggle", CAT), ("send", None)])
    history = await history_of(store, group, cut=min(cut, len(group.events)))

    found = await history.newest_of_tail(A_GROUP, Window(limit=9), viewer=viewer_of(group.state, BOB))

    assert {each.message_id for each in found} <= group.model.visible[BOB]


async def test_changes_of_a_hidden_message_are_not_replayed(store: HistoryStore) -> None:
    group = Group()
    hidden = group.send()
    group.set(HistoryVisibility.JOINED)
    group.toggle(BOB)
    seen, chat = group.send(), group.builder
    changes = [
        change
        for message in (hidden, seen)
        for change in (
            chat.edited(message, "new"),
            chat.reacted(ANN, message),
            chat.read_by(ANN, message),
            chat.deleted_for_everyone(message),
        )
    ]
    for change in changes:
        group.add(change)
    history = await history_of(store, group, cut=5)

    replay = await history.missed(BOB, {}, limit=99)

    replayed = {item.event.event_id for item in replay.events}
    assert replayed.isdisjoint({hidden.event_id, *(change.event_id for change in changes[:4])})
    assert replayed >= {seen.event_id, *(change.event_id for change in changes[4:])}


def test_a_later_setting_changes_nothing_for_those_who_joined() -> None:
    group = Group()
    group.send()
    group.set(HistoryVisibility.JOINED)
    group.toggle(BOB)
    group.set(HistoryVisibility.SHARED)
    group.add(group.builder.event(ANN, set_membership(group.state, BOB, Role.ADMIN)))

    assert viewer_of(group.state, BOB).hidden == (HiddenRange(None, group.model.sent[0]),)


def test_a_removal_from_before_the_setting_hides_what_came_after_it() -> None:
    group = Group()
    group.toggle(BOB)
    before = group.send()
    group.add(removal := group.builder.member_set(ANN, BOB, None))
    between = group.send()
    group.set(HistoryVisibility.JOINED)
    group.add(group.builder.event(ANN, set_membership(group.state, BOB, Role.MEMBER)))

    hidden = viewer_of(group.state, BOB).hidden

    assert hidden == (HiddenRange(removal.event_id, between.event_id),)
    assert not is_hidden(hidden, before.event_id)


def test_many_removals_keep_a_bounded_list_that_hides_more() -> None:
    group = Group()
    group.set(HistoryVisibility.JOINED)
    group.toggle(BOB)
    for _ in range(2 * MAX_RANGES):
        group.send()
        group.toggle(BOB)
        group.send()
        group.toggle(BOB)

    hidden = viewer_of(group.state, BOB).hidden

    assert len(hidden) == MAX_RANGES
    seen = {each for each in group.model.sent if not is_hidden(hidden, each)}
    assert seen < group.model.visible[BOB]
    assert group.model.sent[-2] in seen


def test_a_read_mark_on_a_hidden_message_moves_back_to_a_visible_one() -> None:
    group = Group()
    group.set(HistoryVisibility.JOINED)
    group.toggle(BOB)
    first = group.send()
    group.toggle(BOB)
    between = group.send()
    group.toggle(BOB)
    last = group.send()
    hidden = viewer_of(group.state, BOB).hidden

    marks = [newest_visible(hidden, each) for each in (None, first.event_id, between.event_id, last.event_id)]

    assert marks == [None, first.event_id, first.event_id, last.event_id]


async def test_a_new_member_of_a_quiet_group_finds_it_at_the_time_of_joining(store: HistoryStore) -> None:
    group = Group()
    group.send()
    group.set(HistoryVisibility.JOINED)
    group.toggle(BOB)
    history = await history_of(store, group, cut=2)

    overview = await history.overview(group.state, BOB)

    assert overview.last_activity_at > group.events[1].occurred_at
    assert overview.last_activity_at == history.last_activity(group.state, BOB)


async def test_a_file_from_before_the_setting_shows_everything(tmp_path: Path) -> None:
    group = Group()
    group.run([("send", None), ("toggle", BOB)])
    async with open_history(tmp_path) as store:
        await store.writer.apply(records_of(group.events))
    with closing(sqlite3.connect(tmp_path / "history.db")) as file:
        assert SCHEMA[-2] == "ALTER TABLE members ADD COLUMN hidden BLOB"
        file.executescript(
            "ALTER TABLE members DROP COLUMN hidden; ALTER TABLE members DROP COLUMN wrote;"
            f"PRAGMA user_version={len(SCHEMA) - 2}"
        )

    async with open_history(tmp_path) as store:
        history = await history_of(store, group, cut=len(group.events))
        await check(history, group, BOB)
        heads = await store.chats.heads([A_GROUP])
        assert heads[A_GROUP].state.writers == group.state.writers != frozenset()


def test_ranges_survive_the_store() -> None:
    one, two = (each.event_id for each in (ChatBuilder().sent(), ChatBuilder().sent()))
    ranges = (HiddenRange(None, one), HiddenRange(one, two), HiddenRange(two, None))

    assert ranges_from_bytes(ranges_to_bytes(ranges)) == ranges
    assert ranges_from_bytes(None) == ()

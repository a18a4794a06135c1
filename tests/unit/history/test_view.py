"""History is the same for any stored part of the log: the rest comes from the tail."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from history.chat_id import ChatId
from history.model import ChatEvent, ChatState, Message, MessageSent, Role
from history.open import HistoryStore
from history.ports import Window
from history.unstored.memory import MemoryHotTail
from history.view import History
from history.visibility import Viewer
from kernel.ids import UserId
from tests.builders import NOON
from tests.fakes import FakeClock
from tests.unit.history.builders import A_GROUP, ANN, ANN_AND_BOB, BOB, CAT, ChatBuilder, a_user, records_of, stored
from tests.unit.history.harness import chats_of


async def history_of(store: HistoryStore, events: Sequence[ChatEvent], *, stored_part: int) -> History:
    """Return a history with the first `stored_part` events in the store and the others in the tail; two are in both."""
    tail = MemoryHotTail()
    await store.writer.apply(records_of(events[:stored_part]))
    for event in stored(events)[max(0, stored_part - 2) :]:
        await tail.add(event)
    clock = FakeClock(NOON + timedelta(days=1))
    return History(messages=store.messages, chats=store.chats, events=store.events, tail=tail, clock=clock)


def registers(messages: Sequence[Message]) -> list[str]:
    return [message.text for message in messages]


def numbered(chat: ChatBuilder, count: int) -> list[ChatEvent]:
    """Return messages of Ann with the texts 0, 1, 2, …"""
    return [chat.sent(ANN, str(number)) for number in range(count)]


def a_life(chat: ChatBuilder) -> list[ChatEvent]:
    """Return sends, edits, deletions, reactions and a read mark of Ann and Bob."""
    one, two, three, four = numbered(chat, 4)
    bobs, last = chat.sent(BOB, "from Bob"), chat.sent(ANN, "last")
    return [
        one,
        two,
        chat.edited(one, "0, edited"),
        three,
        chat.reacted(BOB, one),
        chat.deleted_for_everyone(two),
        four,
        chat.deleted_by(BOB, three),
        chat.read_by(BOB, one),
        bobs,
        last,
        chat.reacted(BOB, one, present=False),
    ]


LIFE = a_life(ChatBuilder())
EVERY_CUT = pytest.mark.parametrize("cut", range(len(LIFE) + 1))


@EVERY_CUT
async def test_a_page_does_not_depend_on_what_is_stored(store: HistoryStore, cut: int) -> None:
    history = await history_of(store, LIFE, stored_part=cut)

    everything = Window(limit=9)
    assert registers(await history.page(ANN_AND_BOB, everything, viewer=Viewer(ANN))) == [
        "0, edited",
        "",
        "2",
        "3",
        "from Bob",
        "last",
    ]
    assert registers(await history.page(ANN_AND_BOB, everything, viewer=Viewer(BOB))) == [
        "0, edited",
        "",
        "3",
        "from Bob",
        "last",
    ]


@EVERY_CUT
@pytest.mark.parametrize("newest_first", [True, False])
async def test_pages_of_two_hold_every_message_once(store: HistoryStore, cut: int, *, newest_first: bool) -> None:
    history = await history_of(store, LIFE, stored_part=cut)
    window = Window(limit=2, newest_first=newest_first)
    pages: list[list[str]] = []
    while page := await history.page(ANN_AND_BOB, window, viewer=Viewer(BOB)):
        pages.append(registers(page))
        edge = page[0 if newest_first else -1].message_id
        window = replace(window, before=edge) if newest_first else replace(window, after=edge)

    forward = [["0, edited", ""], ["3", "from Bob"], ["last"]]
    backward = [["from Bob", "last"], ["", "3"], ["0, edited"]]
    assert pages == (backward if newest_first else forward)


@EVERY_CUT
async def test_unread_does_not_depend_on_what_is_stored(store: HistoryStore, cut: int) -> None:
    history = await history_of(store, LIFE, stored_part=cut)

    # Bob wrote after "3", so only "last" is unread.
    state = await history.chat(ANN_AND_BOB)
    assert state is not None
    assert await history.unread(state, BOB, mark=state.read_marks[BOB]) == 1
    assert await history.unread(state, ANN, mark=state.read_marks[ANN]) == 0


@EVERY_CUT
async def test_the_list_of_chats_does_not_depend_on_what_is_stored(store: HistoryStore, cut: int) -> None:
    history = await history_of(store, LIFE, stored_part=cut)

    (overview,) = await chats_of(history, BOB)

    assert overview.last_message is not None
    assert (overview.last_message.text, overview.unread_count) == ("last", 1)
    assert overview.last_activity_at == overview.last_message.created_at


@EVERY_CUT
async def test_a_replay_does_not_depend_on_what_is_stored(store: HistoryStore, cut: int) -> None:
    history = await history_of(store, LIFE, stored_part=cut)

    bobs = await history.missed(BOB, {0: 1}, limit=99)
    anns = await history.missed(ANN, {0: 1}, limit=99)

    assert [item.position.offset for item in bobs.events] == list(range(2, 12))
    assert [item.position.offset for item in anns.events] == [2, 3, 4, 5, 6, 8, 9, 10, 11]


@EVERY_CUT
async def test_a_replay_carries_no_text_that_was_deleted(store: HistoryStore, cut: int) -> None:
    history = await history_of(store, LIFE, stored_part=cut)

    replay = await history.missed(BOB, {}, limit=99)

    sent = [item.event.change for item in replay.events if isinstance(item.event.change, MessageSent)]
    assert [change.text for change in sent] == ["0", "", "2", "3", "from Bob", "last"]


async def test_a_long_run_of_deleted_messages_does_not_shorten_a_page(store: HistoryStore) -> None:
    chat = ChatBuilder()
    messages = numbered(chat, 12)
    hidden = [chat.deleted_by(BOB, message) for message in messages[3:11]]
    history = await history_of(store, [*messages, *hidden], stored_part=17)

    assert registers(await history.page(ANN_AND_BOB, Window(limit=3), viewer=Viewer(BOB))) == ["1", "2", "11"]


async def test_a_group_that_only_the_tail_knows_is_there_for_its_members(store: HistoryStore) -> None:
    chat = ChatBuilder(A_GROUP)
    history = await history_of(store, [chat.created(ANN, BOB, title="New"), chat.sent(ANN, "hi")], stored_part=0)

    (overview,) = await chats_of(history, BOB)

    assert overview.state.title is not None
    assert (overview.state.title.value, overview.unread_count) == ("New", 1)
    assert await chats_of(history, CAT) == []


async def test_a_group_without_messages_was_last_active_when_it_was_made(store: HistoryStore) -> None:
    created = ChatBuilder(A_GROUP).created(ANN)
    history = await history_of(store, [created], stored_part=1)

    (overview,) = await chats_of(history, ANN)

    assert (overview.last_message, overview.last_activity_at) == (None, created.occurred_at)


@pytest.mark.parametrize("cut", range(5))
async def test_a_removed_member_sees_only_the_removal_and_loses_the_chat(store: HistoryStore, cut: int) -> None:
    chat = ChatBuilder(A_GROUP)
    events = [chat.created(ANN, BOB), chat.sent(), chat.member_set(ANN, BOB, None), chat.sent()]
    history = await history_of(store, events, stored_part=cut)

    replay = await history.missed(BOB, {}, limit=99)

    assert [item.event for item in replay.events] == [events[2]]
    assert await chats_of(history, BOB) == []


async def test_a_new_member_of_a_stored_group_has_the_chat_at_once(store: HistoryStore) -> None:
    chat = ChatBuilder(A_GROUP)
    events = [chat.created(ANN, BOB), chat.sent(), chat.member_set(ANN, CAT, Role.MEMBER)]
    history = await history_of(store, events, stored_part=2)

    assert [overview.state.chat_id for overview in await chats_of(history, CAT)] == [A_GROUP]
    assert events[2] in [item.event for item in (await history.missed(CAT, {}, limit=9)).events]


@pytest.mark.parametrize("cut", range(4))
async def test_a_replay_can_be_limited_to_some_chats(store: HistoryStore, cut: int) -> None:
    direct, group = ChatBuilder(), ChatBuilder(A_GROUP)
    events = [direct.sent(), group.created(ANN, BOB), group.sent()]
    history = await history_of(store, events, stored_part=cut)

    replay = await history.missed(BOB, {}, chats=[A_GROUP], limit=9)

    assert [item.event for item in replay.events] == events[1:]


@pytest.mark.parametrize("cut", range(8))
async def test_outlines_include_chats_of_the_store_and_of_the_tail(store: HistoryStore, cut: int) -> None:
    direct, group, left = ChatBuilder(), ChatBuilder(A_GROUP), ChatBuilder(ChatId.group(BOB, UUID(int=1)))
    events = [
        direct.sent(),
        group.created(ANN, BOB),
        left.created(ANN, BOB),
        group.member_set(ANN, BOB, Role.ADMIN),
        left.member_set(ANN, BOB, None),
        group.sent(ANN),
        left.sent(ANN),
    ]
    history = await history_of(store, events, stored_part=cut)

    outlines = {state.chat_id: state for state in await history.outlines_of(BOB)}
    whole = await history.chats([ANN_AND_BOB, A_GROUP, left.chat_id])

    assert outlines.keys() == {ANN_AND_BOB, A_GROUP}
    assert outlines[A_GROUP].memberships[BOB] == whole[A_GROUP].memberships[BOB]
    assert {key: history.last_activity(state, BOB) for key, state in outlines.items()} == {
        key: history.last_activity(whole[key], BOB) for key in outlines
    }


async def test_chats_are_listed_by_last_activity(store: HistoryStore) -> None:
    first, group = ChatBuilder(), ChatBuilder(A_GROUP)
    earlier = first.sent()
    later = [group.created(ANN), group.sent(), group.sent()]
    history = await history_of(store, [*later, earlier], stored_part=2)

    assert [overview.state.chat_id for overview in await chats_of(history, ANN)] == [A_GROUP, ANN_AND_BOB]


async def test_a_replay_reports_events_beyond_the_limit(store: HistoryStore) -> None:
    events = numbered(ChatBuilder(), 5)
    history = await history_of(store, events, stored_part=3)

    assert (await history.missed(BOB, {}, limit=5)).too_many is False
    replay = await history.missed(BOB, {}, limit=4)
    assert (len(replay.events), replay.too_many) == (4, True)


async def found(history: History, sender: UserId, send: int) -> UUID | None:
    message = await history.sent(sender, UUID(int=send))
    return message.message_id if message else None


@pytest.mark.parametrize("cut", range(3))
async def test_a_send_is_found_by_its_name_and_the_first_in_the_log_is_it(store: HistoryStore, cut: int) -> None:
    chat = ChatBuilder()
    events = [chat.sent(send=UUID(int=7)), chat.sent(send=UUID(int=7))]
    history = await history_of(store, events, stored_part=cut)

    assert await found(history, ANN, 7) == events[0].event_id
    assert await found(history, BOB, 7) is None
    assert await found(history, ANN, 8) is None


async def test_a_send_is_found_also_after_its_sender_deleted_it_for_themselves(store: HistoryStore) -> None:
    chat = ChatBuilder()
    sent = chat.sent(send=UUID(int=7))
    history = await history_of(store, [sent, chat.deleted_by(ANN, sent)], stored_part=1)

    assert await found(history, ANN, 7) == sent.event_id
    assert await history.message(ANN_AND_BOB, sent.event_id, viewer=Viewer(ANN)) is None


async def test_a_copy_that_the_store_refused_is_hidden_though_the_tail_has_it(store: HistoryStore) -> None:
    chat = ChatBuilder()
    events = [chat.sent(send=UUID(int=7)), chat.sent(send=UUID(int=7))]
    history = await history_of(store, events, stored_part=2)

    (message,) = await history.page(ANN_AND_BOB, Window(limit=9), viewer=Viewer(BOB))
    assert (message.message_id, message.seq) == (events[0].event_id, 1)


async def test_nothing_is_known_of_a_chat_in_which_nothing_happened(store: HistoryStore) -> None:
    history = await history_of(store, [], stored_part=0)

    assert await history.chat(ANN_AND_BOB) is None
    assert await history.unread(ChatState(ANN_AND_BOB), BOB, mark=None) == 0
    assert await history.page(ANN_AND_BOB, Window(limit=9), viewer=Viewer(ANN)) == []
    assert (await history.missed(a_user(), {}, limit=9)).events == []

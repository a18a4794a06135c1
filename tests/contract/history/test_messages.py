"""Contract of MessageReader, run over every adapter."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest

from history.chat_id import ChatId
from history.model import ChatEvent
from history.open import HistoryStore
from history.ports import Window
from kernel.ids import UserId
from tests.fakes import FakeClock
from tests.unit.history.builders import A_GROUP, ANN, ANN_AND_BOB, BOB, CAT, PHOTO, ChatBuilder, records_of


async def ids(store: HistoryStore, window: Window) -> Sequence[UUID]:
    return [state.message_id for state in await store.messages.window(ANN_AND_BOB, window)]


@pytest.fixture
async def five(store: HistoryStore) -> Sequence[UUID]:
    """Ids of five stored messages, oldest first, with another chat's messages in between."""
    chat, other = ChatBuilder(), ChatBuilder(A_GROUP)
    messages = [chat.sent() for _ in range(5)]
    await store.writer.apply(records_of([*messages, other.sent(), other.sent()]))
    return [message.event_id for message in messages]


async def test_the_newest_come_oldest_first(store: HistoryStore, five: Sequence[UUID]) -> None:
    assert await ids(store, Window(limit=2)) == five[3:]


async def test_the_oldest_can_be_asked_for(store: HistoryStore, five: Sequence[UUID]) -> None:
    assert await ids(store, Window(limit=2, newest_first=False)) == five[:2]


async def test_a_window_excludes_both_its_ends(store: HistoryStore, five: Sequence[UUID]) -> None:
    assert await ids(store, Window(limit=9, after=five[0], before=five[4])) == five[1:4]
    assert await ids(store, Window(limit=1, after=five[0], before=five[4])) == [five[3]]
    assert await ids(store, Window(limit=1, after=five[0], before=five[4], newest_first=False)) == [five[1]]


async def test_a_chat_without_messages_has_empty_windows(store: HistoryStore) -> None:
    assert await ids(store, Window(limit=9)) == []


async def test_reactions_come_with_their_messages(store: HistoryStore) -> None:
    chat = ChatBuilder()
    first, second = chat.sent(), chat.sent()
    await store.writer.apply(records_of([first, second, chat.reacted(BOB, first), chat.reacted(ANN, second, "❤️")]))

    newest = await store.messages.window(ANN_AND_BOB, Window(limit=9))
    oldest = await store.messages.window(ANN_AND_BOB, Window(limit=9, newest_first=False))

    assert [list(state.reactions) for state in newest] == [[(BOB, "👍")], [(ANN, "❤️")]]
    assert oldest == newest


async def test_messages_that_were_never_sent_are_in_no_window(store: HistoryStore) -> None:
    chat = ChatBuilder()
    sent = chat.sent()
    edited = chat.edited(sent, "an edit that came first")
    await store.writer.apply(records_of([edited]))

    assert await ids(store, Window(limit=9)) == []
    known = await store.messages.messages(ANN_AND_BOB, [sent.event_id, uuid4()])
    assert list(known) == [sent.event_id]

    await store.writer.apply(records_of([sent], start=1))
    (state,) = await store.messages.window(ANN_AND_BOB, Window(limit=9))
    assert state.edit is not None
    assert state.edit.text == "an edit that came first"


async def test_every_field_of_a_message_is_read_back(store: HistoryStore) -> None:
    chat = ChatBuilder()
    first = chat.sent(text="Grüße 👋🏽 שלום")
    answer = chat.sent(BOB, "", reply_to=first.event_id, attachments=(PHOTO, PHOTO))
    await store.writer.apply(records_of([first, answer]))

    one, other = await store.messages.window(ANN_AND_BOB, Window(limit=9))

    assert one.content is not None
    assert other.content is not None
    assert one.content.text == "Grüße 👋🏽 שלום"
    assert (other.content.reply_to, other.content.attachments) == (first.event_id, (PHOTO, PHOTO))
    assert other.content.created_at == answer.occurred_at


async def test_a_send_is_found_by_its_name(store: HistoryStore) -> None:
    sent = ChatBuilder().sent(send=UUID(int=7))
    await store.writer.apply(records_of([sent]))

    assert await store.messages.sent(ANN, UUID(int=7)) == (ANN_AND_BOB, sent.event_id)
    assert await store.messages.sent(BOB, UUID(int=7)) is None


async def count(store: HistoryStore, after: UUID | None, excluding: Sequence[UUID] = (), limit: int = 99) -> int:
    """Count for Bob."""
    return await store.messages.count_after(ANN_AND_BOB, after, not_by=BOB, excluding=excluding, limit=limit)


async def test_only_messages_of_others_after_the_mark_count(store: HistoryStore) -> None:
    chat = ChatBuilder()
    first, own, last = chat.sent(ANN), chat.sent(BOB), chat.sent(ANN)
    await store.writer.apply(records_of([first, own, last]))

    assert await count(store, None) == 2
    assert await count(store, first.event_id) == 1
    assert await count(store, last.event_id) == 0


async def test_deleted_messages_do_not_count(store: HistoryStore) -> None:
    chat = ChatBuilder()
    for_all, for_bob, for_cat, first = chat.sent(), chat.sent(), chat.sent(), chat.sent(send=UUID(int=7))
    copy = chat.sent(send=UUID(int=7))
    deletions: list[ChatEvent] = [
        chat.deleted_for_everyone(for_all),
        chat.deleted_by(BOB, for_bob),
        chat.deleted_by(CAT, for_cat),
    ]
    await store.writer.apply(records_of([for_all, for_bob, for_cat, first, copy, *deletions]))

    assert await count(store, None) == 2


async def test_counting_leaves_out_excluded_ids_and_stops_at_the_limit(
    store: HistoryStore, five: Sequence[UUID]
) -> None:
    assert await count(store, five[0], excluding=five[1:3]) == 2
    assert await count(store, five[0], excluding=five[1:3], limit=2) == 2
    assert await count(store, None, limit=3) == 3


@pytest.fixture
async def years(store: HistoryStore) -> Sequence[UUID]:
    """Ids of messages sent every forty days, oldest first."""
    clock = FakeClock()
    chat = ChatBuilder(clock=clock)
    messages = []
    for _ in range(12):
        clock.advance(40 * 86_400)
        messages.append(chat.sent())
    await store.writer.apply(records_of(messages))
    return [message.event_id for message in messages]


async def test_a_quiet_chat_is_read_across_its_years(store: HistoryStore, years: Sequence[UUID]) -> None:
    assert await ids(store, Window(limit=9)) == years[3:]
    assert await ids(store, Window(limit=2)) == years[10:]
    assert await ids(store, Window(limit=99, before=years[6])) == years[:6]
    assert await ids(store, Window(limit=4, after=years[1], newest_first=False)) == years[2:6]
    assert await count(store, years[2]) == 9
    assert [item.event.event_id for item in await store.events.events_after(ANN_AND_BOB, 4, 3)] == years[5:8]


async def sent_by(store: HistoryStore, sender_id: UserId, limit: int) -> list[tuple[ChatId, UUID]]:
    """Return everything that a user has sent, read in pages."""
    found: list[tuple[ChatId, UUID]] = []
    after = b""
    while True:
        page = await store.messages.sent_by(sender_id, after=after, limit=limit)
        assert len(page.messages) <= limit
        found += page.messages
        after = page.next_after
        if not after:
            return found


@pytest.mark.parametrize("limit", [1, 2, 7, 50])
async def test_the_messages_of_a_sender_are_listed_over_all_chats(store: HistoryStore, limit: int) -> None:
    direct, group = ChatBuilder(), ChatBuilder(A_GROUP)
    own = [chat.sent(ANN) for chat in (direct, group) * 5]
    others = [chat.sent(BOB) for chat in (direct, group)]
    await store.writer.apply(records_of([*own, *others]))

    found = await sent_by(store, ANN, limit)

    assert sorted(found) == sorted((event.chat_id, event.event_id) for event in own)
    assert await sent_by(store, CAT, limit) == []

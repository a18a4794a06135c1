"""Contract of RecordWriter, run over every adapter."""

from dataclasses import replace
from datetime import timedelta
from functools import reduce
from uuid import UUID

import pytest

from history.chat_id import ChatId
from history.codec import encode
from history.fold import apply_to_chat, fold_messages
from history.model import ChatEvent, MessageWithdrawn
from history.open import HistoryStore
from history.ports import Window
from kernel.log.ports import LogPosition, LogRecord
from tests.builders import NOON, a_send_id
from tests.unit.history.builders import (
    A_GROUP,
    ANN,
    ANN_AND_BOB,
    BOB,
    PHOTO,
    ChatBuilder,
    a_user,
    records_of,
    stored,
)

POISON = LogRecord(LogPosition(0, 1), ANN_AND_BOB, b"\xff\xff\xff")


async def seqs(store: HistoryStore) -> list[int]:
    """The `seq` values of the chat of Ann and Bob, ordered by message id."""
    return [state.seq for state in await store.messages.window(ANN_AND_BOB, Window(limit=100))]


async def test_messages_are_numbered_without_a_hole_in_log_order(store: HistoryStore) -> None:
    chat = ChatBuilder()
    first, second, third = chat.sent(), chat.sent(), chat.sent()

    await store.writer.apply(records_of([first, third]))
    await store.writer.apply(records_of([chat.read_by(BOB, first), second], start=2))

    # By message id the order is 1, 2, 3; by log offset it is 1, 3, 2.
    assert await seqs(store) == [1, 3, 2]


async def test_each_chat_has_its_own_count(store: HistoryStore) -> None:
    one, other = ChatBuilder(), ChatBuilder(A_GROUP)

    await store.writer.apply(records_of([one.sent(), other.sent(), one.sent()]))

    assert await seqs(store) == [1, 2]
    assert [state.seq for state in await store.messages.window(A_GROUP, Window(limit=9))] == [1]


async def test_a_batch_may_have_hundreds_of_messages_in_dozens_of_chats(store: HistoryStore) -> None:
    chats = [ChatBuilder(ChatId.direct(ANN, a_user())) for _ in range(70)]
    events = [chat.sent(text=f"{turn}") for turn in range(3) for chat in chats]

    await store.writer.apply(records_of(events[:75]))
    applied = await store.writer.apply(records_of(events[50:], start=50))

    assert list(applied.events) == stored(events[75:], start=75)
    for chat in chats:
        found = await store.messages.window(chat.chat_id, Window(limit=9))
        assert [(state.seq, state.content and state.content.text) for state in found] == [(1, "0"), (2, "1"), (3, "2")]
    heads = await store.chats.heads([chat.chat_id for chat in chats])
    assert {head.state.last_message_id for head in heads.values()} == {event.event_id for event in events[-70:]}


async def test_a_message_deleted_in_the_same_batch_is_stored_without_its_text(store: HistoryStore) -> None:
    chat = ChatBuilder()
    sent = chat.sent(text="the secret")
    records = records_of([sent, chat.edited(sent, "the other secret"), chat.deleted_for_everyone(sent)])

    await store.writer.apply(records)

    found = await store.messages.messages(ANN_AND_BOB, [sent.event_id])
    assert found[sent.event_id].deleted_for_everyone
    kept = [encode(item.event) for item in await store.events.events_after(ANN_AND_BOB, -1, 9)]
    assert [b"secret" in value for value in kept] == [False, False, False]


async def test_a_send_repeated_in_one_batch_creates_one_message(store: HistoryStore) -> None:
    chat = ChatBuilder()
    first, copy = chat.sent(send=UUID(int=7)), chat.sent(send=UUID(int=7))

    applied = await store.writer.apply(records_of([first, copy, first]))

    assert [event.event.event_id for event in applied.events] == [first.event_id]
    assert [withdrawal.change for withdrawal in applied.withdrawals] == [
        MessageWithdrawn(copy.event_id, first.event_id)
    ]


async def test_applied_events_are_returned_with_their_positions(store: HistoryStore) -> None:
    events = [(chat := ChatBuilder()).sent(), chat.sent()]

    applied = await store.writer.apply(records_of(events, partition=2, start=40))

    assert list(applied.events) == stored(events, partition=2, start=40)
    assert applied.stored == {2: 41}
    assert (applied.dead, list(applied.withdrawals)) == (0, [])


async def test_records_stored_before_change_nothing(store: HistoryStore) -> None:
    records = records_of([(chat := ChatBuilder()).sent(), chat.sent(), chat.sent()])
    await store.writer.apply(records[:2])

    applied = await store.writer.apply(records)

    assert [event.position.offset for event in applied.events] == [2]
    assert await seqs(store) == [1, 2, 3]


async def test_a_batch_that_is_stored_already_is_still_reported_as_stored(store: HistoryStore) -> None:
    records = records_of([ChatBuilder().sent()])
    await store.writer.apply(records)

    applied = await store.writer.apply(records)

    assert applied.stored == {0: 0}
    assert list(applied.events) == []


async def test_an_event_appended_twice_is_stored_once(store: HistoryStore) -> None:
    sent = ChatBuilder().sent()

    applied = await store.writer.apply(records_of([sent, sent]))

    assert len(applied.events) == 1
    assert list(applied.withdrawals) == []
    assert await seqs(store) == [1]


async def test_a_second_copy_of_a_send_is_withdrawn(store: HistoryStore) -> None:
    chat = ChatBuilder()
    kept, copy, next_one = chat.sent(send=UUID(int=7)), chat.sent(send=UUID(int=7)), chat.sent()

    applied = await store.writer.apply(records_of([kept, copy, next_one]))

    assert [event.event.event_id for event in applied.events] == [kept.event_id, next_one.event_id]
    assert [event.change for event in applied.withdrawals] == [MessageWithdrawn(copy.event_id, kept.event_id)]
    assert await seqs(store) == [1, 2]
    assert await store.messages.sent(ANN, UUID(int=7)) == (ANN_AND_BOB, kept.event_id)


async def test_a_copy_is_withdrawn_whatever_was_sent_in_between(store: HistoryStore) -> None:
    """Version 7 names need no look-up if they are newer than all others: here some are, and some are not."""
    chat = ChatBuilder()
    names = [_created(5), _created(9), UUID(int=7), _created(7), _created(8)]
    first = [chat.sent(send=name) for name in names]
    copies = [chat.sent(send=name) for name in reversed(names)]
    fresh = [chat.sent(send=_created(number)) for number in (10, 6)]

    for offset, event in enumerate([*first, *copies, *fresh]):
        await store.writer.apply(records_of([event], start=offset))

    asked = (await store.writer.apply(records_of([chat.sent()], start=12))).withdrawals
    assert {event.change for event in asked} == {
        MessageWithdrawn(copy.event_id, kept.event_id) for copy, kept in zip(copies, reversed(first), strict=True)
    }
    assert [seq for seq in await seqs(store) if seq] == list(range(1, 9))


async def test_the_same_name_of_another_sender_is_another_send(store: HistoryStore) -> None:
    chat = ChatBuilder()

    applied = await store.writer.apply(records_of([chat.sent(ANN, send=UUID(int=7)), chat.sent(BOB, send=UUID(int=7))]))

    assert list(applied.withdrawals) == []
    assert await seqs(store) == [1, 2]


async def test_a_withdrawal_is_asked_for_until_it_comes_back(store: HistoryStore) -> None:
    chat = ChatBuilder()
    applied = await store.writer.apply(records_of([chat.sent(send=UUID(int=7)), chat.sent(send=UUID(int=7))]))

    again = await store.writer.apply(records_of([chat.sent()], start=2))
    assert again.withdrawals == applied.withdrawals

    back = await store.writer.apply(records_of(applied.withdrawals, start=3))
    assert [event.event for event in back.events] == list(applied.withdrawals)
    assert list(back.withdrawals) == []


async def test_a_copy_of_a_copy_asks_for_no_second_withdrawal(store: HistoryStore) -> None:
    chat = ChatBuilder()
    copy = chat.sent(send=UUID(int=7))
    applied = await store.writer.apply(records_of([chat.sent(send=UUID(int=7)), copy]))
    await store.writer.apply(records_of(applied.withdrawals, start=2))

    again = await store.writer.apply(records_of([copy], start=3))

    assert (list(again.withdrawals), list(again.events)) == ([], [])


async def test_a_record_that_cannot_be_read_is_put_aside_and_the_rest_goes_on(store: HistoryStore) -> None:
    chat = ChatBuilder()
    before, after = records_of([chat.sent(), chat.sent(), chat.sent()])[::2]

    applied = await store.writer.apply([before, POISON, after])

    assert (applied.dead, applied.stored) == (1, {0: 2})
    assert await seqs(store) == [1, 2]
    assert [letter.record for letter in await store.dead_letters.page(before=None, limit=9)] == [POISON]


async def test_a_deletion_for_everyone_redacts_the_stored_events(store: HistoryStore) -> None:
    chat = ChatBuilder()
    sent = chat.sent(text="the secret", attachments=(PHOTO,))
    edited = chat.edited(sent, "the other secret")
    deleted, late = chat.deleted_for_everyone(sent), chat.edited(sent, "the late secret")

    await store.writer.apply(records_of([sent, edited, deleted, late]))

    kept = [encode(item.event) for item in await store.events.events_after(ANN_AND_BOB, -1, 9)]
    assert len(kept) == 4
    assert [value for value in kept if b"secret" in value] == []


@pytest.mark.parametrize("size", [1, 2, 5, 12])
async def test_the_store_equals_the_fold_for_any_batches(store: HistoryStore, size: int) -> None:
    chat = ChatBuilder(A_GROUP)
    events = _a_busy_chat(chat)
    for start in range(0, len(events), size):
        await store.writer.apply(records_of(events[start : start + size], start=start))

    messages = fold_messages({}, events)
    found = await store.messages.messages(A_GROUP, list(messages))
    head = (await store.chats.heads([A_GROUP]))[A_GROUP]

    assert {key: replace(state, seq=0) for key, state in found.items()} == messages
    assert head.state == reduce(apply_to_chat, events, None)
    assert head.position == LogPosition(0, len(events) - 1)


def _a_busy_chat(chat: ChatBuilder) -> list[ChatEvent]:
    created = chat.created(ANN, BOB)
    first, second, third = chat.sent(ANN, "one"), chat.sent(BOB, "two", attachments=(PHOTO,)), chat.sent(ANN, "three")
    return [
        created,
        first,
        second,
        chat.edited(first, "one, edited"),
        chat.reacted(BOB, first),
        third,
        chat.reacted(ANN, second, "❤️"),
        chat.reacted(BOB, first, present=False),
        chat.deleted_by(BOB, third),
        chat.deleted_for_everyone(second),
        chat.member_set(ANN, BOB, None),
        chat.read_by(BOB, third),
    ]


def _created(second: int) -> UUID:
    """A client_message_id that was created at this second."""
    return a_send_id(NOON + timedelta(seconds=second))

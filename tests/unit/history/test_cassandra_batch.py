"""Batches of one chat, after an interrupted attempt."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from history.cassandra.batch import CassandraChatBatch
from history.cassandra.chat_rows import Head
from history.cassandra.stored_facts import StoredFacts, StoredMessage
from history.model import ChatEvent, MemberSet, MessageState
from kernel.ids import UserId
from kernel.log.ports import LogPosition
from tests.unit.history.builders import ANN, ANN_AND_BOB, BOB, ChatBuilder, stored

HEAD = Head(last_seq=7, position=LogPosition(0, 40))


def a_batch(*events: ChatEvent, known: StoredFacts | None = None, start: int = 41) -> CassandraChatBatch:
    batch = CassandraChatBatch(chat_id=ANN_AND_BOB, head=HEAD, known=known or StoredFacts())
    for item in stored(events, start=start):
        batch.add(item)
    return batch


def last_seq(batch: CassandraChatBatch) -> int:
    return progress(batch)[0]


def progress(batch: CassandraChatBatch) -> tuple[int, LogPosition]:
    head = head_of(batch)
    return head.last_seq, head.position


def head_of(batch: CassandraChatBatch) -> Head:
    head = batch.head()
    assert head is not None
    return head


def test_numbers_go_on_from_the_head() -> None:
    chat = ChatBuilder()
    batch = a_batch(chat.sent(), chat.sent())

    assert progress(batch) == (9, LogPosition(0, 42))


def test_an_event_stored_by_an_unfinished_attempt_at_the_same_offset_is_no_repeat() -> None:
    sent = ChatBuilder().sent(send=UUID(int=7))
    left = StoredMessage(MessageState(ANN_AND_BOB, sent.event_id), sent_at=41, reacted=False)
    known = StoredFacts(messages={sent.event_id: left}, sends={(ANN, UUID(int=7)): sent.event_id})

    batch = a_batch(sent, known=known)

    assert last_seq(batch) == 8
    assert batch.events() == stored([sent], start=41)


def test_an_event_stored_at_another_offset_is_a_repeat() -> None:
    chat = ChatBuilder()
    sent = chat.sent()
    marked = chat.read_by(BOB, sent)
    before = StoredMessage(MessageState(ANN_AND_BOB, sent.event_id), sent_at=12, reacted=False)

    batch = a_batch(sent, marked, known=StoredFacts({sent.event_id: before}, offsets={marked.event_id: 13}))

    assert batch.events() == []
    assert progress(batch) == (7, LogPosition(0, 42))


def test_a_copy_is_withdrawn_but_only_until_it_is_known_as_such() -> None:
    copy = ChatBuilder().sent(send=UUID(int=7))
    sends = {(ANN, UUID(int=7)): UUID(int=1)}
    withdrawn = StoredMessage(MessageState(ANN_AND_BOB, copy.event_id, withdrawn=True), sent_at=None, reacted=False)

    assert len(a_batch(copy, known=StoredFacts(sends=sends)).withdrawals) == 1
    assert a_batch(copy, known=StoredFacts({copy.event_id: withdrawn}, sends=sends)).withdrawals == []


def test_dead_letters_of_old_do_not_move_the_head_back() -> None:
    assert progress(a_batch(ChatBuilder().sent(), start=3)) == (8, HEAD.position)


@pytest.mark.parametrize("user_id", ["", "x" * 70_000])
def test_ids_that_are_no_keys_are_refused_and_change_nothing(user_id: str) -> None:
    batch = a_batch()
    event = replace(ChatBuilder().sent(), change=MemberSet(UserId(user_id), None))

    with pytest.raises(ValueError, match="an id or emoji"):
        batch.add(stored([event])[0])

    assert batch.events() == []


def test_only_an_earlier_time_of_creation_is_written_again() -> None:
    chat = ChatBuilder()
    sent = chat.sent()
    later, same, earlier = (
        replace(HEAD, created_at=sent.occurred_at + timedelta(seconds=seconds)) for seconds in (-1, 0, 1)
    )

    written = [created_by(head, sent) for head in (None, later, same, earlier)]

    assert written == [1, 0, 0, 1]


def created_by(head: Head | None, event: ChatEvent) -> int:
    """Return how many statements of a batch with this event set the time of creation."""
    batch = CassandraChatBatch(chat_id=ANN_AND_BOB, head=head, known=StoredFacts())
    batch.add(stored([event], start=41)[0])
    return sum("created_at" in cql for cql, _ in batch.chat_statements(head_of(batch)))

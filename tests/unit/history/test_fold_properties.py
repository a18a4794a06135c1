"""The same events in any order, with repeats, give the same states."""

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from history.fold import apply_to_chat, fold_messages, redacted, to_message
from history.model import ChatEvent, ChatState, MessageDeleted, MessageState, MessageWithdrawn
from tests.unit.history.strategies import events


def chat_of(happened: Iterable[ChatEvent]) -> ChatState | None:
    return reduce(apply_to_chat, happened, None)


def messages_of(happened: Iterable[ChatEvent]) -> Mapping[UUID, MessageState]:
    return fold_messages({}, happened)


@st.composite
def two_tellings(draw: st.DrawFn) -> tuple[Sequence[ChatEvent], Sequence[ChatEvent]]:
    """Draw the same events twice: in order, and shuffled with repeats."""
    happened = draw(events())
    repeats = draw(st.lists(st.sampled_from(happened), max_size=5)) if happened else []
    return happened, draw(st.permutations([*happened, *repeats]))


@given(two_tellings())
def test_messages_do_not_depend_on_order_or_repeats(tellings: tuple[Sequence[ChatEvent], Sequence[ChatEvent]]) -> None:
    one, other = tellings

    assert messages_of(one) == messages_of(other)


@given(two_tellings())
def test_a_chat_does_not_depend_on_order_or_repeats(tellings: tuple[Sequence[ChatEvent], Sequence[ChatEvent]]) -> None:
    one, other = tellings

    assert chat_of(one) == chat_of(other)


@given(events(), st.integers(0, 10))
def test_messages_may_be_folded_in_parts(happened: Sequence[ChatEvent], cut: int) -> None:
    stored = messages_of(happened[:cut])

    assert {**stored, **fold_messages(stored, happened[cut:])} == messages_of(happened)


@given(events())
def test_nothing_of_a_message_deleted_for_everyone_is_kept(happened: Sequence[ChatEvent]) -> None:
    states = messages_of(happened)
    for event in happened:
        if isinstance(event.change, MessageDeleted) and event.change.for_everyone:
            state = states[event.change.message_id]
            assert (state.edit, state.reactions) == (None, {})
            assert state.content is None or (state.content.text, state.content.attachments) == ("", ())


@given(events())
def test_scrubbed_events_leave_the_same_of_a_deleted_message(happened: Sequence[ChatEvent]) -> None:
    states = messages_of(happened)
    again = messages_of(redacted(event) for event in happened)

    gone = [key for key, state in states.items() if state.deleted_for_everyone]
    assert [states[key] for key in gone] == [again[key] for key in gone]


@given(events())
def test_a_withdrawn_message_is_never_shown(happened: Sequence[ChatEvent]) -> None:
    states = messages_of(happened)
    taken_back = [event.change.message_id for event in happened if isinstance(event.change, MessageWithdrawn)]

    assert [to_message(states[message_id]) for message_id in taken_back] == [None] * len(taken_back)

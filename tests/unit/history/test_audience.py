"""Who hears of an event, and over which channels."""

from uuid import UUID

from history.audience import audience_of, may_see, members_of
from history.channels import channels_of, chat_channel, user_channel
from history.chat_id import ChatId
from history.fold import apply_to_chat
from history.model import ChatEvent, ChatState, Role
from tests.unit.history.chronicle import A_GROUP, ANN, ANN_AND_BOB, BOB, CAT, Chronicle, a_user


def after(*events: ChatEvent) -> ChatState | None:
    state = None
    for event in events:
        state = apply_to_chat(state, event)
    return state


def test_two_people_have_one_chat_whoever_asks() -> None:
    assert ChatId.direct(ANN, BOB) == ChatId.direct(BOB, ANN) == ANN_AND_BOB
    assert set(ANN_AND_BOB.members) == {ANN, BOB}
    assert ANN_AND_BOB.other(ANN) == BOB


def test_a_retried_creation_means_the_same_group() -> None:
    assert ChatId.group(ANN, UUID(int=1)) == ChatId.group(ANN, UUID(int=1))
    assert ChatId.group(ANN, UUID(int=1)) != ChatId.group(BOB, UUID(int=1))


def test_a_direct_message_goes_to_both_people() -> None:
    sent = Chronicle().sent()

    assert sorted(channels_of(sent)) == sorted([user_channel(ANN), user_channel(BOB)])
    assert audience_of(sent, None) == {ANN, BOB}


def test_a_deletion_for_oneself_goes_to_nobody_else() -> None:
    chat = Chronicle()
    deleted = chat.deleted_by(BOB, chat.sent())

    assert channels_of(deleted) == [user_channel(BOB)]
    assert audience_of(deleted, None) == {BOB}


def test_a_group_message_goes_to_the_groups_channel_alone() -> None:
    chat = Chronicle(A_GROUP)
    created = chat.created(ANN, BOB)
    sent = chat.sent()

    assert channels_of(sent) == [chat_channel(A_GROUP)]
    assert audience_of(sent, after(created)) == {ANN, BOB}


def test_everybody_in_a_new_group_hears_of_it_on_their_own_channel() -> None:
    created = Chronicle(A_GROUP).created(ANN, BOB)

    assert set(channels_of(created)) == {chat_channel(A_GROUP), user_channel(ANN), user_channel(BOB)}


def test_who_is_removed_hears_of_that_and_of_nothing_later() -> None:
    chat = Chronicle(A_GROUP)
    created, removed, later = chat.created(ANN, BOB), chat.member_set(ANN, BOB, None), chat.sent()
    state = after(created, removed, later)

    assert user_channel(BOB) in channels_of(removed)
    assert may_see(removed, BOB, state)
    assert not may_see(later, BOB, state)
    assert not may_see(created, BOB, state)


def test_a_stranger_sees_nothing() -> None:
    stranger = a_user()
    chat = Chronicle(A_GROUP)
    created = chat.created(ANN, BOB)

    assert not may_see(created, stranger, after(created))
    assert not may_see(Chronicle().sent(), stranger, None)


def test_members_are_those_whose_newest_word_has_a_role() -> None:
    chat = Chronicle(A_GROUP)
    state = after(chat.created(ANN, BOB), chat.member_set(ANN, BOB, None), chat.member_set(ANN, CAT, Role.ADMIN))

    assert state is not None
    assert members_of(state) == {ANN: Role.OWNER, CAT: Role.ADMIN}

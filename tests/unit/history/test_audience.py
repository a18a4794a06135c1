"""Visibility of events, and the channels they are published on."""

from uuid import UUID

from history.audience import audience_of, channels_of, chat_channel, may_see, members_of, user_channel
from history.chat_id import ChatId
from history.fold import apply_to_chat
from history.model import ChatEvent, ChatState, Role
from tests.unit.history.builders import A_GROUP, ANN, ANN_AND_BOB, BOB, CAT, ChatBuilder, a_user


def after(*events: ChatEvent) -> ChatState | None:
    state = None
    for event in events:
        state = apply_to_chat(state, event)
    return state


def test_two_users_have_one_chat() -> None:
    assert ChatId.direct(ANN, BOB) == ChatId.direct(BOB, ANN) == ANN_AND_BOB
    assert set(ANN_AND_BOB.members) == {ANN, BOB}
    assert ANN_AND_BOB.other(ANN) == BOB


def test_a_retried_creation_gives_the_same_group() -> None:
    assert ChatId.group(ANN, UUID(int=1)) == ChatId.group(ANN, UUID(int=1))
    assert ChatId.group(ANN, UUID(int=1)) != ChatId.group(BOB, UUID(int=1))


def test_a_direct_message_goes_to_both_people() -> None:
    sent = ChatBuilder().sent()

    assert sorted(channels_of(sent)) == sorted([user_channel(ANN), user_channel(BOB)])
    assert audience_of(sent, None) == {ANN, BOB}


def test_a_deletion_for_oneself_goes_to_nobody_else() -> None:
    chat = ChatBuilder()
    deleted = chat.deleted_by(BOB, chat.sent())

    assert channels_of(deleted) == [user_channel(BOB)]
    assert audience_of(deleted, None) == {BOB}


def test_a_group_message_goes_to_the_groups_channel_alone() -> None:
    chat = ChatBuilder(A_GROUP)
    created = chat.created(ANN, BOB)
    sent = chat.sent()

    assert channels_of(sent) == [chat_channel(A_GROUP)]
    assert audience_of(sent, after(created)) == {ANN, BOB}


def test_a_new_group_is_published_on_the_channel_of_every_member() -> None:
    created = ChatBuilder(A_GROUP).created(ANN, BOB)

    assert set(channels_of(created)) == {chat_channel(A_GROUP), user_channel(ANN), user_channel(BOB)}


def test_a_removed_member_sees_the_removal_and_nothing_later() -> None:
    chat = ChatBuilder(A_GROUP)
    created, removed, later = chat.created(ANN, BOB), chat.member_set(ANN, BOB, None), chat.sent()
    state = after(created, removed, later)

    assert user_channel(BOB) in channels_of(removed)
    assert may_see(removed, BOB, state)
    assert not may_see(later, BOB, state)
    assert not may_see(created, BOB, state)


def test_a_stranger_sees_nothing() -> None:
    stranger = a_user()
    chat = ChatBuilder(A_GROUP)
    created = chat.created(ANN, BOB)

    assert not may_see(created, stranger, after(created))
    assert not may_see(ChatBuilder().sent(), stranger, None)


def test_members_are_the_users_whose_newest_membership_has_a_role() -> None:
    chat = ChatBuilder(A_GROUP)
    state = after(chat.created(ANN, BOB), chat.member_set(ANN, BOB, None), chat.member_set(ANN, CAT, Role.ADMIN))

    assert state is not None
    assert members_of(state) == {ANN: Role.OWNER, CAT: Role.ADMIN}

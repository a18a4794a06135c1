"""The effect of single events on messages and chats."""

from dataclasses import replace
from uuid import UUID

import pytest

from history.fold import (
    apply_to_chat,
    apply_to_message,
    fold_messages,
    message_of,
    sent_message,
    to_message,
    visible_message,
)
from history.model import ChatEvent, ChatState, GroupCreated, GroupUpdated, Message, Role
from history.visibility import Viewer
from kernel.ids import UserId
from tests.unit.history.builders import A_GROUP, ANN, BOB, CAT, PHOTO, ChatBuilder


def visible_messages(viewer: UserId, message_id: UUID, *events: ChatEvent) -> Message | None:
    return visible_message(fold_messages({}, events)[message_id], Viewer(viewer))


def chat_after(*events: ChatEvent) -> ChatState:
    state = None
    for event in events:
        state = apply_to_chat(state, event)
    assert state is not None
    return state


def test_a_sent_message_is_seen_as_it_was_sent() -> None:
    chat = ChatBuilder()
    first = chat.sent(BOB, "how are you?")
    answer = chat.sent(ANN, "fine", reply_to=first.event_id, attachments=(PHOTO,))

    message = visible_messages(BOB, answer.event_id, answer)

    assert message is not None
    assert (message.text, message.reply_to, message.attachments) == ("fine", first.event_id, (PHOTO,))
    assert (message.sender_id, message.created_at, message.seq) == (ANN, answer.occurred_at, 0)


def test_a_sent_message_is_the_same_with_and_without_its_state() -> None:
    sent = ChatBuilder().sent(ANN, "fine", attachments=(PHOTO,))

    assert sent_message(sent) == to_message(apply_to_message(None, sent))


def test_the_later_of_two_edits_wins() -> None:
    chat = ChatBuilder()
    sent = chat.sent()
    first, second = chat.edited(sent, "first"), chat.edited(sent, "second")

    message = visible_messages(BOB, sent.event_id, second, sent, first)

    assert message is not None
    assert (message.text, message.edited_at) == ("second", second.occurred_at)


def test_a_message_of_which_only_an_edit_is_known_is_not_seen() -> None:
    chat = ChatBuilder()
    sent = chat.sent()

    assert visible_messages(BOB, sent.event_id, chat.edited(sent, "edited")) is None


def test_a_message_deleted_for_oneself_is_still_seen_by_others() -> None:
    chat = ChatBuilder()
    sent = chat.sent()
    deleted = chat.deleted_by(BOB, sent)

    assert visible_messages(BOB, sent.event_id, sent, deleted) is None
    assert visible_messages(ANN, sent.event_id, sent, deleted) is not None


def test_a_deletion_for_everyone_leaves_an_empty_message() -> None:
    chat = ChatBuilder()
    sent = chat.sent(attachments=(PHOTO,))

    message = visible_messages(
        BOB, sent.event_id, sent, chat.deleted_for_everyone(sent), chat.edited(sent, "back again")
    )

    assert message is not None
    assert (message.text, message.attachments, message.deleted_for_everyone) == ("", (), True)
    assert message.edited_at is None


def test_reactions_are_a_set_in_the_order_in_which_they_came() -> None:
    chat = ChatBuilder()
    sent = chat.sent()
    bobs, anns, bobs_heart = chat.reacted(BOB, sent), chat.reacted(ANN, sent), chat.reacted(BOB, sent, "❤️")
    taken = chat.reacted(ANN, sent, present=False)

    message = visible_messages(CAT, sent.event_id, sent, bobs_heart, taken, anns, bobs)

    assert message is not None
    assert [(reaction.user_id, reaction.emoji) for reaction in message.reactions] == [(BOB, "👍"), (BOB, "❤️")]


def test_read_marks_only_move_forward() -> None:
    chat = ChatBuilder()
    older, newer = chat.sent(), chat.sent()

    state = chat_after(older, newer, chat.read_by(BOB, newer), chat.read_by(BOB, older))

    assert state.read_marks[BOB] == newer.event_id


def test_a_sender_has_read_what_they_sent() -> None:
    sent = ChatBuilder().sent(BOB)

    assert chat_after(sent).read_marks == {BOB: sent.event_id}


def test_the_newest_message_stays_the_newest_when_an_older_one_arrives() -> None:
    chat = ChatBuilder()
    older, newer = chat.sent(), chat.sent()

    assert chat_after(newer, older).last_message_id == newer.event_id


def test_a_retried_creation_brings_back_neither_the_title_nor_the_members() -> None:
    chat = ChatBuilder(A_GROUP)
    created = chat.created(ANN, BOB, title="first title")
    renamed = chat.event(ANN, GroupUpdated(title="second title"))
    removed = chat.member_set(ANN, BOB, None)
    again = chat.created(ANN, BOB, CAT, title="title of the retry")

    state = chat_after(created, renamed, removed, again)

    assert state.title is not None
    assert state.title.value == "second title"
    assert state.memberships[BOB].role is None
    assert state.created_at == created.occurred_at


def test_of_two_creations_the_first_tells_the_roles() -> None:
    chat = ChatBuilder(A_GROUP)
    created, again = chat.created(ANN, BOB), chat.created(ANN, BOB)
    assert isinstance(again.change, GroupCreated)
    swapped = replace(again, change=replace(again.change, members={ANN: Role.MEMBER, BOB: Role.OWNER}))

    state = chat_after(swapped, created)

    assert state.memberships[ANN].role is Role.OWNER


def test_an_update_changes_only_what_it_names() -> None:
    chat = ChatBuilder(A_GROUP)

    state = chat_after(chat.created(ANN, title="title"), chat.event(ANN, GroupUpdated(description="about")))

    assert state.title is not None
    assert state.description is not None
    assert (state.title.value, state.description.value) == ("title", "about")


def test_an_event_about_no_message_cannot_be_applied_to_one() -> None:
    read = ChatBuilder().read_by(BOB, ChatBuilder().sent())

    assert message_of(read) is None
    with pytest.raises(ValueError, match="ReadMarkMoved changes no message"):
        apply_to_message(None, read)

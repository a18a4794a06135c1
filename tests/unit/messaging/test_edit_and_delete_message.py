from uuid import UUID, uuid1

import pytest

from history.chat_id import ChatId
from history.model import Message
from kernel.errors import KernelReason
from kernel.ids import UserId
from services.messaging.errors import MessagingReason
from services.messaging.model import ChatRef, Listing
from tests.unit.messaging.conftest import MaybePersist
from tests.unit.messaging.harness import Harness, between, refused


async def seen_by(harness: Harness, viewer: UserId, chat: ChatRef) -> list[Message]:
    return list((await harness.service.list_messages(Listing(chat=chat), viewer=viewer)).items)


async def test_an_edit_changes_the_text_for_everyone(harness: Harness, maybe_persist: MaybePersist) -> None:
    ann, bob = harness.users(2)
    chat = between(ann, bob)
    sent = await harness.send(ann, bob, "helo")
    await maybe_persist()
    harness.clock.advance(5)

    edited = await harness.service.edit_message(chat, sent.message_id, "hello", editor=ann)
    await maybe_persist()

    assert (edited.text, edited.edited_at) == ("hello", harness.clock.now())
    (seen,) = await seen_by(harness, bob, chat)
    assert (seen.text, seen.edited_at) == (edited.text, edited.edited_at)


async def test_the_second_of_two_edits_wins_although_its_clock_is_behind(harness: Harness) -> None:
    ann, bob = harness.users(2)
    chat = between(ann, bob)
    sent = await harness.send(ann, bob, "1")
    await harness.service.edit_message(chat, sent.message_id, "2", editor=ann)
    harness.clock.advance(-60)

    await harness.service.edit_message(chat, sent.message_id, "3", editor=ann)

    assert (await seen_by(harness, bob, chat))[0].text == "3"


async def test_an_edit_to_the_same_text_publishes_nothing(harness: Harness) -> None:
    ann, bob = harness.users(2)
    sent = await harness.send(ann, bob, "hello")

    assert await harness.service.edit_message(between(ann, bob), sent.message_id, "hello", editor=ann) == sent
    assert len(harness.events()) == 1


async def test_only_the_sender_can_edit_or_delete_for_everyone(harness: Harness) -> None:
    ann, bob = harness.users(2)
    chat = between(ann, bob)
    sent = await harness.send(ann, bob)

    with refused(MessagingReason.NOT_THE_SENDER):
        await harness.service.edit_message(chat, sent.message_id, "mine", editor=bob)
    with refused(MessagingReason.NOT_THE_SENDER):
        await harness.service.delete_message(chat, sent.message_id, for_everyone=True, user_id=bob)


async def test_an_edit_to_invisible_text_is_refused(harness: Harness) -> None:
    ann, bob = harness.users(2)
    sent = await harness.send(ann, bob)

    with refused(KernelReason.INVALID_FIELD):
        await harness.service.edit_message(between(ann, bob), sent.message_id, " \n", editor=ann)


async def test_a_deleted_message_cannot_be_edited(harness: Harness, maybe_persist: MaybePersist) -> None:
    ann, bob = harness.users(2)
    chat = between(ann, bob)
    sent = await harness.send(ann, bob)
    await harness.service.delete_message(chat, sent.message_id, for_everyone=True, user_id=ann)
    await maybe_persist()

    with refused(MessagingReason.MESSAGE_NOT_FOUND):
        await harness.service.edit_message(chat, sent.message_id, "again", editor=ann)


async def test_a_message_between_blocked_users_can_be_deleted_but_not_edited(harness: Harness) -> None:
    ann, bob = harness.users(2)
    chat = between(ann, bob)
    sent = await harness.send(ann, bob)
    harness.block(bob, ann)

    with refused(MessagingReason.BLOCKED):
        await harness.service.edit_message(chat, sent.message_id, "changed", editor=ann)
    await harness.service.delete_message(chat, sent.message_id, for_everyone=True, user_id=ann)

    assert (await seen_by(harness, bob, chat))[0].deleted_for_everyone


async def test_a_message_deleted_for_oneself_is_hidden_from_that_user_only(
    harness: Harness, maybe_persist: MaybePersist
) -> None:
    ann, bob = harness.users(2)
    chat = between(ann, bob)
    sent = await harness.send(ann, bob)
    await maybe_persist()

    await harness.service.delete_message(chat, sent.message_id, for_everyone=False, user_id=bob)
    await maybe_persist()

    assert await seen_by(harness, bob, chat) == []
    assert len(await seen_by(harness, ann, chat)) == 1
    with refused(MessagingReason.MESSAGE_NOT_FOUND):
        await harness.service.messages.get(chat, sent.message_id, viewer=bob)


async def test_only_the_user_who_hides_a_message_receives_the_event(harness: Harness) -> None:
    ann, bob = harness.users(2)
    sent = await harness.send(ann, bob)
    listener = await harness.subscribe(f"user:{ann}", f"user:{bob}")

    await harness.service.delete_message(between(ann, bob), sent.message_id, for_everyone=False, user_id=bob)

    assert [published.channel for published in await listener.received()] == [f"user:{bob}"]


async def test_a_message_deleted_for_everyone_stays_without_content(
    harness: Harness, maybe_persist: MaybePersist
) -> None:
    ann, bob = harness.users(2)
    chat = between(ann, bob)
    sent = await harness.send(ann, bob, "secret", media_ids=(harness.media.a_file(ann),))
    await harness.service.toggle_reaction(chat, sent.message_id, "👍", user_id=bob)
    await maybe_persist()

    await harness.service.delete_message(chat, sent.message_id, for_everyone=True, user_id=ann)
    await maybe_persist()

    (seen,) = await seen_by(harness, bob, chat)
    assert (seen.deleted_for_everyone, seen.text, seen.attachments, seen.reactions) == (True, "", (), ())


@pytest.mark.parametrize("for_everyone", [True, False])
async def test_deleting_twice_publishes_one_event(
    harness: Harness,
    maybe_persist: MaybePersist,
    for_everyone: bool,  # noqa: FBT001
) -> None:
    ann, bob = harness.users(2)
    sent = await harness.send(ann, bob)

    for _ in range(2):
        await harness.service.delete_message(between(ann, bob), sent.message_id, for_everyone=for_everyone, user_id=ann)
        await maybe_persist()

    assert len(harness.events()) == 2


async def test_a_sender_can_delete_a_message_for_everyone_after_hiding_it(
    harness: Harness, maybe_persist: MaybePersist
) -> None:
    ann, bob = harness.users(2)
    chat = between(ann, bob)
    sent = await harness.send(ann, bob)
    await harness.service.delete_message(chat, sent.message_id, for_everyone=False, user_id=ann)
    await maybe_persist()

    await harness.service.delete_message(chat, sent.message_id, for_everyone=True, user_id=ann)

    assert (await seen_by(harness, bob, chat))[0].deleted_for_everyone


@pytest.mark.parametrize("message_id", [uuid1(), UUID(int=1)])
async def test_an_unknown_message_is_not_found(harness: Harness, message_id: UUID) -> None:
    ann, bob = harness.users(2)
    chat = between(ann, bob)

    with refused(MessagingReason.MESSAGE_NOT_FOUND):
        await harness.service.edit_message(chat, message_id, "x", editor=ann)
    with refused(MessagingReason.MESSAGE_NOT_FOUND):
        await harness.service.delete_message(chat, message_id, for_everyone=False, user_id=ann)
    with refused(MessagingReason.MESSAGE_NOT_FOUND):
        await harness.service.messages.get(chat, message_id, viewer=ann)


async def test_only_removals_that_are_stored_are_reported(harness: Harness) -> None:
    ann, bob = harness.users(2)
    chat = between(ann, bob)
    deleted, live, hidden = [(await harness.send(ann, bob)).message_id for _ in range(3)]
    asked = [(ChatId(chat.chat_id), each) for each in (deleted, live, hidden, uuid1())]
    await harness.persist()
    await harness.service.delete_message(chat, hidden, for_everyone=False, user_id=ann)
    await harness.service.delete_message(chat, deleted, for_everyone=True, user_id=ann)
    assert await harness.service.list_removed_messages(asked) == []

    await harness.persist()

    assert [state.message_id for state in await harness.service.list_removed_messages(asked)] == [deleted]

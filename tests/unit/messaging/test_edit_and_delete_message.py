from uuid import UUID, uuid1

import pytest

from history.model import Message
from kernel.errors import KernelReason
from kernel.ids import UserId
from services.messaging.errors import MessagingReason
from services.messaging.model import ChatRef, Listing
from tests.unit.messaging.conftest import Kept
from tests.unit.messaging.rig import Rig, between, refused


async def seen_by(rig: Rig, viewer: UserId, chat: ChatRef) -> list[Message]:
    return list((await rig.use.list_messages(Listing(chat=chat), viewer=viewer)).items)


async def test_an_edit_changes_the_text_for_everyone(rig: Rig, kept: Kept) -> None:
    ann, bob = rig.users(2)
    chat = between(ann, bob)
    sent = await rig.say(ann, bob, "helo")
    await kept()
    rig.clock.advance(5)

    edited = await rig.use.edit_message(chat, sent.message_id, "hello", editor=ann)
    await kept()

    assert (edited.text, edited.edited_at) == ("hello", rig.clock.now())
    (seen,) = await seen_by(rig, bob, chat)
    assert (seen.text, seen.edited_at) == (edited.text, edited.edited_at)


async def test_of_two_edits_the_later_one_stays_though_its_clock_is_behind(rig: Rig) -> None:
    ann, bob = rig.users(2)
    chat = between(ann, bob)
    sent = await rig.say(ann, bob, "1")
    await rig.use.edit_message(chat, sent.message_id, "2", editor=ann)
    rig.clock.advance(-60)

    await rig.use.edit_message(chat, sent.message_id, "3", editor=ann)

    assert (await seen_by(rig, bob, chat))[0].text == "3"


async def test_the_same_text_again_is_no_event(rig: Rig) -> None:
    ann, bob = rig.users(2)
    sent = await rig.say(ann, bob, "hello")

    assert await rig.use.edit_message(between(ann, bob), sent.message_id, "hello", editor=ann) == sent
    assert len(rig.events()) == 1


async def test_only_the_sender_edits_and_deletes_for_everyone(rig: Rig) -> None:
    ann, bob = rig.users(2)
    chat = between(ann, bob)
    sent = await rig.say(ann, bob)

    with refused(MessagingReason.NOT_THE_SENDER):
        await rig.use.edit_message(chat, sent.message_id, "mine", editor=bob)
    with refused(MessagingReason.NOT_THE_SENDER):
        await rig.use.delete_message(chat, sent.message_id, for_everyone=True, user_id=bob)


async def test_an_edit_to_nothing_visible_is_refused(rig: Rig) -> None:
    ann, bob = rig.users(2)
    sent = await rig.say(ann, bob)

    with refused(KernelReason.INVALID_FIELD):
        await rig.use.edit_message(between(ann, bob), sent.message_id, " \n", editor=ann)


async def test_a_deleted_message_cannot_be_edited(rig: Rig, kept: Kept) -> None:
    ann, bob = rig.users(2)
    chat = between(ann, bob)
    sent = await rig.say(ann, bob)
    await rig.use.delete_message(chat, sent.message_id, for_everyone=True, user_id=ann)
    await kept()

    with refused(MessagingReason.MESSAGE_NOT_FOUND):
        await rig.use.edit_message(chat, sent.message_id, "again", editor=ann)


async def test_where_one_blocks_the_other_nothing_is_edited_but_things_are_taken_back(rig: Rig) -> None:
    ann, bob = rig.users(2)
    chat = between(ann, bob)
    sent = await rig.say(ann, bob)
    rig.block(bob, ann)

    with refused(MessagingReason.BLOCKED):
        await rig.use.edit_message(chat, sent.message_id, "changed", editor=ann)
    await rig.use.delete_message(chat, sent.message_id, for_everyone=True, user_id=ann)

    assert (await seen_by(rig, bob, chat))[0].deleted_for_everyone


async def test_deleting_for_oneself_hides_it_only_there(rig: Rig, kept: Kept) -> None:
    ann, bob = rig.users(2)
    chat = between(ann, bob)
    sent = await rig.say(ann, bob)
    await kept()

    await rig.use.delete_message(chat, sent.message_id, for_everyone=False, user_id=bob)
    await kept()

    assert await seen_by(rig, bob, chat) == []
    assert len(await seen_by(rig, ann, chat)) == 1
    with refused(MessagingReason.MESSAGE_NOT_FOUND):
        await rig.use.get_message(chat, sent.message_id, viewer=bob)


async def test_only_the_one_who_hides_a_message_hears_of_it(rig: Rig) -> None:
    ann, bob = rig.users(2)
    sent = await rig.say(ann, bob)
    listener = await rig.listen(f"user:{ann}", f"user:{bob}")

    await rig.use.delete_message(between(ann, bob), sent.message_id, for_everyone=False, user_id=bob)

    assert [news.channel for news in await listener.heard()] == [f"user:{bob}"]


async def test_deleting_for_everyone_leaves_the_place_without_content(rig: Rig, kept: Kept) -> None:
    ann, bob = rig.users(2)
    chat = between(ann, bob)
    sent = await rig.say(ann, bob, "secret", media_ids=(rig.media.a_file(ann),))
    await rig.use.toggle_reaction(chat, sent.message_id, "👍", user_id=bob)
    await kept()

    await rig.use.delete_message(chat, sent.message_id, for_everyone=True, user_id=ann)
    await kept()

    (seen,) = await seen_by(rig, bob, chat)
    assert (seen.deleted_for_everyone, seen.text, seen.attachments, seen.reactions) == (True, "", (), ())


@pytest.mark.parametrize("for_everyone", [True, False])
async def test_deleting_again_changes_nothing(rig: Rig, kept: Kept, for_everyone: bool) -> None:  # noqa: FBT001
    ann, bob = rig.users(2)
    sent = await rig.say(ann, bob)

    for _ in range(2):
        await rig.use.delete_message(between(ann, bob), sent.message_id, for_everyone=for_everyone, user_id=ann)
        await kept()

    assert len(rig.events()) == 2


async def test_what_its_sender_hid_they_can_still_take_back_from_everyone(rig: Rig, kept: Kept) -> None:
    ann, bob = rig.users(2)
    chat = between(ann, bob)
    sent = await rig.say(ann, bob)
    await rig.use.delete_message(chat, sent.message_id, for_everyone=False, user_id=ann)
    await kept()

    await rig.use.delete_message(chat, sent.message_id, for_everyone=True, user_id=ann)

    assert (await seen_by(rig, bob, chat))[0].deleted_for_everyone


@pytest.mark.parametrize("message_id", [uuid1(), UUID(int=1)])
async def test_a_message_that_is_not_there_is_not_found(rig: Rig, message_id: UUID) -> None:
    ann, bob = rig.users(2)
    chat = between(ann, bob)

    with refused(MessagingReason.MESSAGE_NOT_FOUND):
        await rig.use.edit_message(chat, message_id, "x", editor=ann)
    with refused(MessagingReason.MESSAGE_NOT_FOUND):
        await rig.use.delete_message(chat, message_id, for_everyone=False, user_id=ann)
    with refused(MessagingReason.MESSAGE_NOT_FOUND):
        await rig.use.get_message(chat, message_id, viewer=ann)

"""Sending: once, in order, to those who may be written to."""

import asyncio
import gc
from uuid import uuid4

import pytest

from history.chat_id import ChatId
from history.codec import unpack
from history.model import StoredEvent
from kernel.errors import KernelReason, Reason
from kernel.ids import time_key
from services.media.errors import MediaReason
from services.messaging.errors import MessagingReason
from services.messaging.model import ChatRef, Draft, MediaPurpose
from tests.builders import an_id
from tests.fakes import FakeClock
from tests.unit.messaging.conftest import Kept
from tests.unit.messaging.rig import LOG_AWAY, Rig, between, refused


async def test_a_sent_message_is_on_the_log_and_can_be_read_at_once(rig: Rig) -> None:
    ann, bob = rig.users(2)

    message = await rig.say(ann, bob, "hi")

    assert [event.event_id for event in rig.events()] == [message.message_id]
    assert await rig.use.get_message(between(ann, bob), message.message_id, viewer=bob) == message
    assert (message.text, message.sender_id, message.chat_id) == ("hi", ann, ChatId.direct(ann, bob))


async def test_both_of_a_direct_chat_hear_of_it_live(rig: Rig) -> None:
    ann, bob = rig.users(2)
    listener = await rig.listen(f"user:{ann}", f"user:{bob}")

    message = await rig.say(ann, bob)

    heard = [(news.channel, unpack(news.payload)) for news in await listener.heard()]
    assert {channel for channel, _ in heard} == {f"user:{ann}", f"user:{bob}"}
    assert {news.event.event_id for _, news in heard if isinstance(news, StoredEvent)} == {message.message_id}


async def test_a_retry_returns_the_same_message_whatever_it_says(rig: Rig, kept: Kept) -> None:
    ann, bob = rig.users(2)
    name = uuid4()
    first = await rig.say(ann, bob, "first", name=name)
    await kept()

    again = await rig.say(ann, bob, "second", name=name)

    assert (again.message_id, again.text) == (first.message_id, "first")
    assert len(rig.events()) == 1


async def test_a_retry_on_another_node_returns_the_same_message(rig: Rig) -> None:
    ann, bob = rig.users(2)
    draft = rig.draft(bob)
    first = await rig.use.send_message(draft, sender=ann)

    again = await rig.another_node().use.send_message(draft, sender=ann)

    assert again.message_id == first.message_id


async def test_the_same_name_of_two_senders_is_two_messages(rig: Rig) -> None:
    ann, bob = rig.users(2)
    name = uuid4()

    assert (await rig.say(ann, bob, name=name)).message_id != (await rig.say(bob, ann, name=name)).message_id


async def test_sends_of_one_name_at_once_make_one_event(rig: Rig) -> None:
    ann, bob = rig.users(2)
    # A chat that the node knows: nothing else makes the sends wait for each other.
    await rig.say(ann, bob)
    draft = rig.draft(bob)

    messages = await asyncio.gather(*(rig.use.send_message(draft, sender=ann) for _ in range(20)))

    assert len({message.message_id for message in messages}) == 1
    assert len(rig.events()) == 2


async def test_a_name_used_for_another_chat_returns_that_message(rig: Rig) -> None:
    ann, bob, cid = rig.users(3)
    name = uuid4()
    first = await rig.say(ann, bob, "to bob", name=name)

    assert (await rig.say(ann, cid, "to cid", name=name)) == first


async def test_a_name_used_in_a_group_that_the_sender_left_tells_nothing_of_it(rig: Rig) -> None:
    ann, bob = rig.users(2)
    group = (await rig.a_group(bob, ann)).state.chat_id
    name = uuid4()
    await rig.say(ann, group, name=name)
    await rig.use.leave_group(group, user_id=ann)

    with refused(MessagingReason.NOT_A_MEMBER):
        await rig.say(ann, bob, name=name)


async def test_while_the_log_is_away_a_send_fails_and_its_retry_keeps_the_id(rig: Rig) -> None:
    ann, bob = rig.users(2)
    draft = rig.draft(bob)
    rig.log.unavailable = LOG_AWAY
    with refused(KernelReason.LOG_UNAVAILABLE):
        await rig.use.send_message(draft, sender=ann)
    claimed = await rig.ground.claims.claim(ann, draft.client_message_id, uuid4())

    rig.log.unavailable = None

    assert (await rig.use.send_message(draft, sender=ann)).message_id == claimed


async def test_while_the_store_is_away_sends_go_on_and_are_read_from_the_tail(rig: Rig) -> None:
    ann, bob = rig.users(2)
    rig.store_switch.away = True
    draft = rig.draft(bob)
    first = await rig.use.send_message(draft, sender=ann)

    rig.store_switch.away = False

    assert (await rig.use.send_message(draft, sender=ann)).message_id == first.message_id


async def test_while_the_store_is_away_groups_that_the_node_knows_go_on(rig: Rig) -> None:
    ann, bob = rig.users(2)
    group = (await rig.a_group(ann, bob)).state.chat_id
    await rig.say(ann, group)
    rig.store_switch.away = True
    rig.clock.advance(3600)

    assert (await rig.say(bob, group)).chat_id == group
    with refused(KernelReason.STORE_UNAVAILABLE):
        await rig.another_node().use.send_message(rig.draft(group), sender=bob)


async def test_a_reply_sorts_after_what_it_answers_though_the_clock_is_behind(rig: Rig, kept: Kept) -> None:
    ann, bob = rig.users(2)
    question = await rig.say(ann, bob, "?")
    await kept()
    behind = FakeClock()
    behind.advance(-3600)

    draft = rig.draft(ann, "!", reply_to=question.message_id)
    answer = await rig.another_node(clock=behind).use.send_message(draft, sender=bob)

    assert time_key(answer.message_id) > time_key(question.message_id)
    assert answer.reply_to == question.message_id


async def test_what_is_sent_next_sorts_after_the_newest_though_the_clock_is_behind(rig: Rig, kept: Kept) -> None:
    ann, bob = rig.users(2)
    first = await rig.say(ann, bob)
    await kept()
    behind = FakeClock()
    behind.advance(-3600)

    second = await rig.another_node(clock=behind).use.send_message(rig.draft(ann), sender=bob)

    assert time_key(second.message_id) > time_key(first.message_id)


async def test_a_reply_to_a_message_of_another_chat_is_refused(rig: Rig) -> None:
    ann, bob, cid = rig.users(3)
    elsewhere = await rig.say(ann, cid)

    with refused(MessagingReason.MESSAGE_NOT_FOUND):
        await rig.say(ann, bob, reply_to=elsewhere.message_id)


async def test_own_files_are_attached_in_their_order(rig: Rig) -> None:
    ann, bob = rig.users(2)
    files = (rig.media.a_file(ann), rig.media.a_file(ann))

    message = await rig.say(ann, bob, "", media_ids=files)

    assert tuple(media.media_id for media in message.attachments) == files


async def test_files_of_others_unknown_files_and_avatars_are_refused(rig: Rig) -> None:
    ann, bob = rig.users(2)

    with refused(MessagingReason.MEDIA_FORBIDDEN):
        await rig.say(ann, bob, media_ids=(rig.media.a_file(bob),))
    with refused(MediaReason.MEDIA_NOT_FOUND):
        await rig.say(ann, bob, media_ids=(an_id(),))
    with refused(KernelReason.INVALID_FIELD):
        await rig.say(ann, bob, media_ids=(rig.media.a_file(ann, MediaPurpose.AVATAR),))
    assert rig.events() == []


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "\u200b", "\u2067\u2069", "a\0b"])
async def test_text_without_anything_to_see_is_refused(rig: Rig, text: str) -> None:
    ann, bob = rig.users(2)

    with refused(KernelReason.INVALID_FIELD):
        await rig.say(ann, bob, text)


@pytest.mark.parametrize("text", ["👩‍👩‍👧‍👦", "שלום עולם", "  spaces stay  ", "e\u0301", "x" * 4000])
async def test_text_is_kept_as_it_is(rig: Rig, kept: Kept, text: str) -> None:
    ann, bob = rig.users(2)
    sent = await rig.say(ann, bob, text)
    await kept()

    assert (await rig.use.get_message(between(ann, bob), sent.message_id, viewer=bob)).text == text


async def test_nobody_is_written_to_who_does_not_exist_or_blocks_or_is_blocked(rig: Rig) -> None:
    ann, bob, cid, dan = rig.users(4)
    rig.block(ann, bob)
    rig.block(cid, ann)
    rig.delete_account(dan)

    for other, reason in (
        (bob, MessagingReason.BLOCKED),
        (cid, MessagingReason.BLOCKED),
        (dan, MessagingReason.USER_NOT_FOUND),
    ):
        with refused(reason):
            await rig.say(ann, other)


async def test_a_deleted_account_cannot_write(rig: Rig) -> None:
    ann, bob = rig.users(2)
    rig.delete_account(ann)

    with refused(KernelReason.SESSION_ENDED):
        await rig.say(ann, bob)


@pytest.mark.parametrize(
    ("chat", "reason"),
    [
        ("{bob}_{ann}", KernelReason.INVALID_FIELD),
        ("{bob}_{cid}", MessagingReason.NOT_A_MEMBER),
        ("{ann}_{ann}", MessagingReason.NOT_WITH_ONESELF),
        ("00000000-0000-4000-8000-00000000aaaa", MessagingReason.NOT_A_MEMBER),
    ],
)
async def test_chats_that_are_not_the_callers_are_refused(rig: Rig, chat: str, reason: Reason) -> None:
    ann, bob, cid = rig.users(3)
    chat_id = ChatId(chat.format(ann=ann, bob=bob, cid=cid))
    draft = Draft(chat=ChatRef(chat_id), client_message_id=uuid4(), text="hi")

    with refused(reason):
        await rig.use.send_message(draft, sender=ann)


async def test_a_chat_with_oneself_is_refused(rig: Rig) -> None:
    ann = rig.a_user()

    with refused(MessagingReason.NOT_WITH_ONESELF):
        await rig.say(ann, ann)


async def test_a_group_that_is_not_there_and_one_of_others_answer_alike(rig: Rig) -> None:
    ann, bob, cid = rig.users(3)
    group = (await rig.a_group(ann, bob)).state.chat_id

    for chat_id in (group, ChatId(an_id())):
        with refused(MessagingReason.NOT_A_MEMBER):
            await rig.say(cid, chat_id)


async def test_a_caller_who_goes_away_does_not_keep_the_message_from_the_others(rig: Rig) -> None:
    ann, bob = rig.users(2)
    rig.log.held = asyncio.Event()
    sending = asyncio.create_task(rig.say(ann, bob))
    await rig.log.reached.wait()
    sending.cancel()
    await asyncio.wait([sending])

    rig.log.held.set()
    await rig.node.publisher.settle()

    assert len((await rig.use.list_chats(viewer=bob)).items) == 1


async def test_nobody_complains_of_an_append_that_fails_after_its_caller_has_gone_away(rig: Rig) -> None:
    ann, bob = rig.users(2)
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    before = asyncio.all_tasks()
    rig.log.held = asyncio.Event()
    sending = asyncio.create_task(rig.say(ann, bob))
    await rig.log.reached.wait()
    sending.cancel()
    await asyncio.wait([sending])
    going_on = asyncio.all_tasks() - before
    # What keeps a task alive keeps it silent.
    del sending

    rig.log.unavailable = LOG_AWAY
    rig.log.held.set()
    await asyncio.wait(going_on)
    going_on.clear()
    gc.collect()

    assert complaints == []

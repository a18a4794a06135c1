"""Sends: exactly once, in order, and only to users and chats that the sender may write to."""

import asyncio
import gc
from uuid import uuid4

import pytest

from history.chat_id import ChatId
from history.codec import unpack
from history.model import LogEvent
from kernel.errors import KernelReason, Reason
from kernel.ids import time_key
from services.media.errors import MediaReason
from services.messaging.errors import MessagingReason
from services.messaging.model import ChatRef, Draft, MediaPurpose
from tests.builders import an_id
from tests.fakes import FakeClock
from tests.unit.messaging.conftest import MaybePersist
from tests.unit.messaging.harness import LOG_UNAVAILABLE, Harness, between, refused


async def test_a_sent_message_is_on_the_log_and_can_be_read_at_once(harness: Harness) -> None:
    ann, bob = harness.users(2)

    message = await harness.send(ann, bob, "hi")

    assert [event.event_id for event in harness.events()] == [message.message_id]
    assert await harness.service.messages.get(between(ann, bob), message.message_id, viewer=bob) == message
    assert (message.text, message.sender_id, message.chat_id) == ("hi", ann, ChatId.direct(ann, bob))


async def test_both_users_of_a_direct_chat_receive_the_event(harness: Harness) -> None:
    ann, bob = harness.users(2)
    listener = await harness.subscribe(f"user:{ann}", f"user:{bob}")

    message = await harness.send(ann, bob)

    received = [(published.channel, unpack(published.payload)) for published in await listener.received()]
    assert {channel for channel, _ in received} == {f"user:{ann}", f"user:{bob}"}
    assert {published.event.event_id for _, published in received if isinstance(published, LogEvent)} == {
        message.message_id
    }


async def test_a_send_fails_without_the_log_and_its_retry_keeps_the_message_id(harness: Harness) -> None:
    ann, bob = harness.users(2)
    draft = harness.draft(bob)
    harness.log.unavailable = LOG_UNAVAILABLE
    with refused(KernelReason.LOG_UNAVAILABLE):
        await harness.service.send_message(draft, sender=ann)
    claimed = await harness.dependencies.claims.claim(ann, draft.client_message_id, uuid4())

    harness.log.unavailable = None

    assert (await harness.service.send_message(draft, sender=ann)).message_id == claimed.message_id


async def test_sends_continue_without_the_store_and_are_found_in_the_tail(harness: Harness) -> None:
    ann, bob = harness.users(2)
    harness.store_switch.unavailable = True
    draft = harness.draft(bob)
    first = await harness.service.send_message(draft, sender=ann)

    harness.store_switch.unavailable = False

    assert (await harness.service.send_message(draft, sender=ann)).message_id == first.message_id


async def test_cached_groups_continue_without_the_store(harness: Harness) -> None:
    ann, bob = harness.users(2)
    group = (await harness.a_group(ann, bob)).state.chat_id
    await harness.send(ann, group)
    harness.store_switch.unavailable = True
    harness.clock.advance(3600)

    assert (await harness.send(bob, group)).chat_id == group
    with refused(KernelReason.STORE_UNAVAILABLE):
        await harness.another_node().servicer.send_message(harness.draft(group), sender=bob)


async def test_a_reply_sorts_after_the_message_it_answers_although_the_clock_is_behind(
    harness: Harness, maybe_persist: MaybePersist
) -> None:
    ann, bob = harness.users(2)
    question = await harness.send(ann, bob, "?")
    await maybe_persist()
    behind = FakeClock()
    behind.advance(-3600)

    draft = harness.draft(ann, "!", reply_to=question.message_id)
    answer = await harness.another_node(clock=behind).servicer.send_message(draft, sender=bob)

    assert time_key(answer.message_id) > time_key(question.message_id)
    assert answer.reply_to == question.message_id


async def test_a_new_message_sorts_after_the_newest_although_the_clock_is_behind(
    harness: Harness, maybe_persist: MaybePersist
) -> None:
    ann, bob = harness.users(2)
    first = await harness.send(ann, bob)
    await maybe_persist()
    behind = FakeClock()
    behind.advance(-3600)

    second = await harness.another_node(clock=behind).servicer.send_message(harness.draft(ann), sender=bob)

    assert time_key(second.message_id) > time_key(first.message_id)


async def test_a_reply_to_a_message_of_another_chat_is_refused(harness: Harness) -> None:
    ann, bob, cid = harness.users(3)
    elsewhere = await harness.send(ann, cid)

    with refused(MessagingReason.MESSAGE_NOT_FOUND):
        await harness.send(ann, bob, reply_to=elsewhere.message_id)


async def test_own_files_are_attached_in_the_given_order(harness: Harness) -> None:
    ann, bob = harness.users(2)
    files = (harness.media.a_file(ann), harness.media.a_file(ann))

    message = await harness.send(ann, bob, "", media_ids=files)

    assert tuple(media.media_id for media in message.attachments) == files


async def test_unknown_files_avatars_and_files_of_others_are_refused(harness: Harness) -> None:
    ann, bob = harness.users(2)

    with refused(MessagingReason.MEDIA_FORBIDDEN):
        await harness.send(ann, bob, media_ids=(harness.media.a_file(bob),))
    with refused(MediaReason.MEDIA_NOT_FOUND):
        await harness.send(ann, bob, media_ids=(an_id(),))
    with refused(KernelReason.INVALID_FIELD):
        await harness.send(ann, bob, media_ids=(harness.media.a_file(ann, MediaPurpose.AVATAR),))
    assert harness.events() == []


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "\u200b", "\u2067\u2069", "a\0b"])
async def test_invisible_text_is_refused(harness: Harness, text: str) -> None:
    ann, bob = harness.users(2)

    with refused(KernelReason.INVALID_FIELD):
        await harness.send(ann, bob, text)


@pytest.mark.parametrize("text", ["👩‍👩‍👧‍👦", "שלום עולם", "  spaces stay  ", "e\u0301", "x" * 4000])
async def test_text_is_stored_unchanged(harness: Harness, maybe_persist: MaybePersist, text: str) -> None:
    ann, bob = harness.users(2)
    sent = await harness.send(ann, bob, text)
    await maybe_persist()

    assert (await harness.service.messages.get(between(ann, bob), sent.message_id, viewer=bob)).text == text


async def test_sends_to_unknown_blocked_and_blocking_users_are_refused(harness: Harness) -> None:
    ann, bob, cid, dan = harness.users(4)
    harness.block(ann, bob)
    harness.block(cid, ann)
    harness.delete_account(dan)

    for other, reason in (
        (bob, MessagingReason.BLOCKED),
        (cid, MessagingReason.BLOCKED),
        (dan, MessagingReason.USER_NOT_FOUND),
    ):
        with refused(reason):
            await harness.send(ann, other)


async def test_a_deleted_account_cannot_send(harness: Harness) -> None:
    ann, bob = harness.users(2)
    harness.delete_account(ann)

    with refused(KernelReason.SESSION_ENDED):
        await harness.send(ann, bob)


@pytest.mark.parametrize(
    ("chat", "reason"),
    [
        ("{bob}_{ann}", KernelReason.INVALID_FIELD),
        ("{bob}_{cid}", MessagingReason.NOT_A_MEMBER),
        ("{ann}_{ann}", MessagingReason.NOT_WITH_ONESELF),
        ("00000000-0000-4000-8000-00000000aaaa", MessagingReason.NOT_A_MEMBER),
    ],
)
async def test_chats_of_others_are_refused(harness: Harness, chat: str, reason: Reason) -> None:
    ann, bob, cid = harness.users(3)
    chat_id = ChatId(chat.format(ann=ann, bob=bob, cid=cid))
    draft = Draft(chat=ChatRef(chat_id), client_message_id=uuid4(), text="hi")

    with refused(reason):
        await harness.service.send_message(draft, sender=ann)


async def test_a_chat_with_oneself_is_refused(harness: Harness) -> None:
    ann = harness.a_user()

    with refused(MessagingReason.NOT_WITH_ONESELF):
        await harness.send(ann, ann)


async def test_an_unknown_group_and_a_group_of_others_are_refused_alike(harness: Harness) -> None:
    ann, bob, cid = harness.users(3)
    group = (await harness.a_group(ann, bob)).state.chat_id

    for chat_id in (group, ChatId(an_id())):
        with refused(MessagingReason.NOT_A_MEMBER):
            await harness.send(cid, chat_id)


async def test_a_message_is_published_although_its_caller_disconnects(harness: Harness) -> None:
    ann, bob = harness.users(2)
    harness.log.held = asyncio.Event()
    sending = asyncio.create_task(harness.send(ann, bob))
    await harness.log.reached.wait()
    sending.cancel()
    await asyncio.wait([sending])

    harness.log.held.set()
    await harness.node.events.finish()

    assert len((await harness.service.chats.list(viewer=bob)).items) == 1


async def test_an_append_that_fails_after_its_caller_disconnected_is_not_logged_by_asyncio(harness: Harness) -> None:
    ann, bob = harness.users(2)
    logged: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: logged.append(context))
    before = asyncio.all_tasks()
    harness.log.held = asyncio.Event()
    sending = asyncio.create_task(harness.send(ann, bob))
    await harness.log.reached.wait()
    sending.cancel()
    await asyncio.wait([sending])
    publications = asyncio.all_tasks() - before
    # asyncio logs the exception only when the task is garbage.
    del sending

    harness.log.unavailable = LOG_UNAVAILABLE
    harness.log.held.set()
    await asyncio.wait(publications)
    publications.clear()
    gc.collect()

    assert logged == []

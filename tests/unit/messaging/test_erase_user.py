"""Erasing a user: messages in every chat, memberships, repeats and the rate."""

import asyncio
from typing import Any

import pytest

from history.audience import members_of
from history.chat_id import ChatId
from history.model import MemberSet, MessageDeleted, MessageSent
from history.ports import Window
from history.visibility import Viewer
from kernel.errors import KernelReason
from kernel.ids import UserId
from services.messaging import erase_user
from services.messaging.erase_user import EraseRate
from services.messaging.model import NOBODY, ChatRef
from tests.fakes import FakeClock
from tests.unit.messaging.harness import LOG_UNAVAILABLE, Harness, refused


async def erase(harness: Harness, user_id: UserId, *, delete_messages: bool = True) -> tuple[int, int]:
    """Erase a user page by page, and return the numbers of messages and groups."""
    messages = groups = 0
    after = b""
    while True:
        erased = await harness.service.erase_user(user_id, delete_messages=delete_messages, after=after)
        messages, groups, after = messages + erased.messages, groups + erased.groups, erased.next_after
        if not after:
            return messages, groups


async def texts(harness: Harness, chat_id: ChatId) -> list[str]:
    return [each.text for each in await harness.history.page(chat_id, Window(limit=99), viewer=Viewer(NOBODY))]


@pytest.mark.parametrize("persisted", [False, True], ids=["unstored", "stored"])
async def test_messages_are_deleted_for_everyone_in_all_chats(harness: Harness, *, persisted: bool) -> None:
    ann, bob, cat = harness.users(3)
    direct, group = ChatId.direct(ann, bob), (await harness.a_group(bob, ann, cat)).state.chat_id
    for to in (bob, group):
        sent = await harness.send(ann, to, "secret")
        await harness.send(bob, ann if to == bob else group, "an answer", reply_to=sent.message_id)
    if persisted:
        await harness.persist()

    assert (await erase(harness, ann))[0] == 2

    assert await texts(harness, direct) == await texts(harness, group) == ["", "an answer"]
    await harness.persist()
    assert await texts(harness, direct) == await texts(harness, group) == ["", "an answer"]
    events = await harness.dependencies.store.events.events_after(direct, -1, 99)
    assert [each.event.change.text for each in events if isinstance(each.event.change, MessageSent)] == [
        "",
        "an answer",
    ]


async def test_messages_in_a_group_that_the_user_left_are_deleted_and_its_members_notified(harness: Harness) -> None:
    ann, bob = harness.users(2)
    group = (await harness.a_group(bob, ann)).state.chat_id
    await harness.send(ann, group, "secret")
    await harness.service.groups.leave(group, user_id=ann)
    await harness.persist()
    listener = await harness.subscribe(f"chat:{group}")

    assert await erase(harness, ann) == (1, 0)

    assert await texts(harness, group) == [""]
    assert len(await listener.received()) == 1


async def test_edited_messages_lose_every_version(harness: Harness) -> None:
    ann, bob = harness.users(2)
    sent = await harness.send(ann, bob, "first")
    chat_id = ChatId.direct(ann, bob)
    await harness.service.edit_message(ChatRef(chat_id), sent.message_id, "second", editor=ann)
    await harness.persist()

    await erase(harness, ann)
    await harness.persist()

    assert await texts(harness, chat_id) == [""]
    events = await harness.dependencies.store.events.events_after(chat_id, -1, 99)
    assert not any("first" in str(each) or "second" in str(each) for each in events)


async def test_the_user_leaves_all_groups_also_as_the_last_owner(harness: Harness) -> None:
    ann, bob = harness.users(2)
    group = (await harness.a_group(ann, bob, title="Teapots")).state.chat_id
    await harness.send(ann, group, "it stays")
    harness.delete_account(ann)

    assert await erase(harness, ann, delete_messages=False) == (0, 1)

    assert await texts(harness, group) == ["it stays"]
    state = (await harness.service.chats.list(viewer=bob)).items[0].state
    assert list(members_of(state)) == [bob]
    assert state.title is not None
    assert state.title.value == "Teapots"
    assert state.memberships[bob].role == 3


async def test_a_repeat_changes_nothing(harness: Harness) -> None:
    ann, bob = harness.users(2)
    await harness.a_group(ann, bob)
    await harness.send(ann, bob, "secret")
    await erase(harness, ann)
    events = len(harness.events())

    assert await erase(harness, ann) == (0, 0)

    assert len(harness.events()) == events


async def test_an_interrupted_erasure_continues(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erase_user, "_PAGE", 2)
    ann, bob = harness.users(2)
    for number in range(5):
        await harness.send(ann, bob, f"secret {number}")
    await harness.persist()
    first = await harness.service.erase_user(ann, delete_messages=True, after=b"")
    harness.log.unavailable = LOG_UNAVAILABLE
    with refused(KernelReason.LOG_UNAVAILABLE):
        await harness.service.erase_user(ann, delete_messages=True, after=first.next_after)
    harness.log.unavailable = None

    assert await erase(harness, ann) == (3, 0)

    assert await texts(harness, ChatId.direct(ann, bob)) == [""] * 5
    kinds = [type(event.change) for event in harness.events()]
    assert kinds.count(MessageDeleted) == 5
    assert MemberSet not in kinds


async def test_messages_of_others_and_messages_deleted_before_stay_as_they_are(harness: Harness) -> None:
    ann, bob = harness.users(2)
    gone = await harness.send(ann, bob, "gone")
    await harness.send(bob, ann, "bob's")
    chat = ChatRef(ChatId.direct(ann, bob))
    await harness.service.delete_message(chat, gone.message_id, for_everyone=True, user_id=ann)

    assert await erase(harness, ann) == (0, 0)

    assert await texts(harness, ChatId.direct(ann, bob)) == ["", "bob's"]


async def test_the_rate_spaces_all_erasures_of_a_node(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    pauses: list[float] = []

    async def sleep(seconds: float, *_: Any) -> None:
        pauses.append(round(seconds, 3))

    monkeypatch.setattr(asyncio, "sleep", sleep)
    rate = EraseRate(clock=clock, per_second=10)
    for _ in range(3):
        await rate.wait()
    clock.advance(10)
    await rate.wait()

    assert pauses == [0.1, 0.2]

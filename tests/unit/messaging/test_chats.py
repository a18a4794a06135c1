"""A single chat, and the list of chats."""

from collections.abc import Collection, Mapping

import pytest

from history.chat_id import ChatId
from history.model import ChatState
from history.view import ChatOverview, History
from kernel.errors import KernelReason
from kernel.ids import UserId
from services.messaging.errors import MessagingReason
from services.messaging.model import ChatRef, Listing
from tests.unit.messaging.conftest import MaybePersist
from tests.unit.messaging.harness import Harness, between, refused


async def chats(harness: Harness, user_id: UserId, **options: object) -> list[ChatOverview]:
    page = await harness.service.chats.list(viewer=user_id, **options)  # type: ignore[arg-type]
    return list(page.items)


async def test_chats_are_sorted_by_last_activity_with_preview_and_unread_count(
    harness: Harness, maybe_persist: MaybePersist
) -> None:
    ann, bob, cid = harness.users(3)
    await harness.send(bob, ann, "first")
    harness.clock.advance(1)
    group = (await harness.a_group(cid, ann)).state.chat_id
    harness.clock.advance(1)
    await harness.send(bob, ann, "second")
    await maybe_persist()

    listed = await chats(harness, ann)

    assert [chat.state.chat_id for chat in listed] == [between(ann, bob).chat_id, group]
    assert listed[0].last_message is not None
    assert (listed[0].last_message.text, listed[0].unread_count) == ("second", 2)
    assert (listed[1].last_message, listed[1].unread_count) == (None, 0)


async def test_the_pages_contain_all_chats(harness: Harness) -> None:
    ann, *others = harness.users(6)
    for other in others:
        await harness.send(other, ann)
    found: list[str] = []
    token = ""
    while True:
        page = await harness.service.chats.list(viewer=ann, page_size=2, page_token=token)
        found += [chat.state.chat_id for chat in page.items]
        token = page.next_page_token
        if not token:
            break

    assert found == [between(ann, other).chat_id for other in reversed(others)]


async def test_chats_with_the_same_activity_time_are_not_lost_between_pages(harness: Harness) -> None:
    ann, *others = harness.users(4)
    groups = {(await harness.a_group(other, ann)).state.chat_id for other in others}

    first = await harness.service.chats.list(viewer=ann, page_size=1)
    second = await harness.service.chats.list(viewer=ann, page_size=5, page_token=first.next_page_token)

    assert {chat.state.chat_id for chat in (*first.items, *second.items)} == groups


async def test_a_page_with_large_groups_is_shorter_and_the_list_is_still_complete(harness: Harness) -> None:
    ann, *others = harness.users(4_000)
    groups = [await harness.a_group(ann, *others) for _ in range(3)]
    harness.clock.advance(1)
    await harness.send(ann, others[0])

    first = await harness.service.chats.list(viewer=ann)
    second = await harness.service.chats.list(viewer=ann, page_token=first.next_page_token)

    assert (len(first.items), len(second.items), second.next_page_token) == (3, 1, "")
    assert {group.state.chat_id for group in groups} < {chat.state.chat_id for chat in (*first.items, *second.items)}


async def test_a_group_left_while_the_list_is_read_is_not_in_it(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob, cid = harness.users(3)
    await harness.send(bob, ann)
    harness.clock.advance(1)
    group = (await harness.a_group(cid, ann, bob)).state.chat_id
    listed = History.chats

    async def leaving(history: History, ids: Collection[ChatId]) -> Mapping[ChatId, ChatState]:
        monkeypatch.setattr(History, "chats", listed)
        await harness.service.groups.leave(group, user_id=ann)
        return await listed(history, ids)

    monkeypatch.setattr(History, "chats", leaving)
    page = await harness.service.chats.list(viewer=ann, page_size=1)
    rest = await harness.service.chats.list(viewer=ann, page_token=page.next_page_token)

    assert list(page.items) == []
    assert [chat.state.chat_id for chat in rest.items] == [between(ann, bob).chat_id]


async def test_a_page_token_of_another_user_is_refused(harness: Harness) -> None:
    ann, bob, cid = harness.users(3)
    for other in (bob, cid):
        await harness.send(ann, other)
    token = (await harness.service.chats.list(viewer=ann, page_size=1)).next_page_token

    for viewer, given in ((bob, token), (ann, "nonsense")):
        with refused(KernelReason.INVALID_PAGE_TOKEN):
            await harness.service.chats.list(viewer=viewer, page_token=given)


async def test_a_direct_chat_can_be_read_before_its_first_message(harness: Harness) -> None:
    ann, bob = harness.users(2)

    chat = await harness.service.chats.get(between(ann, bob), viewer=ann)

    assert (chat.last_message, chat.unread_count, chat.state.created_at) == (None, 0, None)
    assert await chats(harness, ann) == []


async def test_a_chat_with_an_unknown_user_is_not_found(harness: Harness) -> None:
    ann = harness.a_user()

    with refused(MessagingReason.USER_NOT_FOUND):
        await harness.service.chats.get(ChatRef(user_id=UserId("00000000-0000-4000-8000-0000000000ff")), viewer=ann)


async def test_history_can_be_read_after_the_other_account_is_deleted(
    harness: Harness, maybe_persist: MaybePersist
) -> None:
    ann, bob = harness.users(2)
    sent = await harness.send(bob, ann)
    await maybe_persist()
    harness.delete_account(bob)

    page = await harness.service.list_messages(Listing(chat=ChatRef(user_id=bob)), viewer=ann)

    assert [message.message_id for message in page.items] == [sent.message_id]


async def test_a_blocked_chat_can_be_read(harness: Harness) -> None:
    ann, bob = harness.users(2)
    harness.block(bob, ann)

    assert (await harness.service.chats.get(between(ann, bob), viewer=ann)).unread_count == 0


async def test_a_new_group_can_be_read_at_once_on_every_node(harness: Harness) -> None:
    ann, bob = harness.users(2)
    group = (await harness.a_group(ann, bob)).state.chat_id

    chat = await harness.another_node().servicer.chats.get(ChatRef(group), viewer=bob)

    assert chat.state.title is not None
    assert chat.state.title.value == "A group"

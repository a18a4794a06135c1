"""The list of chats, and single ones."""

from collections.abc import Collection, Mapping

import pytest

from history.chat_id import ChatId
from history.model import ChatState
from history.view import ChatOverview, History
from kernel.errors import KernelReason
from kernel.ids import UserId
from services.messaging.errors import MessagingReason
from services.messaging.model import ChatRef, Listing
from tests.unit.messaging.conftest import Kept
from tests.unit.messaging.rig import Rig, between, refused


async def chats(rig: Rig, user_id: UserId, **options: object) -> list[ChatOverview]:
    page = await rig.use.list_chats(viewer=user_id, **options)  # type: ignore[arg-type]
    return list(page.items)


async def test_chats_come_by_last_activity_with_preview_and_unread(rig: Rig, kept: Kept) -> None:
    ann, bob, cid = rig.users(3)
    await rig.say(bob, ann, "first")
    rig.clock.advance(1)
    group = (await rig.a_group(cid, ann)).state.chat_id
    rig.clock.advance(1)
    await rig.say(bob, ann, "second")
    await kept()

    listed = await chats(rig, ann)

    assert [chat.state.chat_id for chat in listed] == [between(ann, bob).chat_id, group]
    assert listed[0].last_message is not None
    assert (listed[0].last_message.text, listed[0].unread_count) == ("second", 2)
    assert (listed[1].last_message, listed[1].unread_count) == (None, 0)


async def test_all_chats_are_reached_page_by_page(rig: Rig) -> None:
    ann, *others = rig.users(6)
    for other in others:
        await rig.say(other, ann)
    found: list[str] = []
    token = ""
    while True:
        page = await rig.use.list_chats(viewer=ann, page_size=2, page_token=token)
        found += [chat.state.chat_id for chat in page.items]
        token = page.next_page_token
        if not token:
            break

    assert found == [between(ann, other).chat_id for other in reversed(others)]


async def test_chats_of_the_same_moment_are_not_lost_between_pages(rig: Rig) -> None:
    ann, *others = rig.users(4)
    groups = {(await rig.a_group(other, ann)).state.chat_id for other in others}

    first = await rig.use.list_chats(viewer=ann, page_size=1)
    second = await rig.use.list_chats(viewer=ann, page_size=5, page_token=first.next_page_token)

    assert {chat.state.chat_id for chat in (*first.items, *second.items)} == groups


async def test_a_page_with_large_groups_is_shorter_and_the_list_whole(rig: Rig) -> None:
    ann, *others = rig.users(4_000)
    groups = [await rig.a_group(ann, *others) for _ in range(3)]
    rig.clock.advance(1)
    await rig.say(ann, others[0])

    first = await rig.use.list_chats(viewer=ann)
    second = await rig.use.list_chats(viewer=ann, page_token=first.next_page_token)

    assert (len(first.items), len(second.items), second.next_page_token) == (3, 1, "")
    assert {group.state.chat_id for group in groups} < {chat.state.chat_id for chat in (*first.items, *second.items)}


async def test_a_group_that_one_leaves_while_the_list_is_made_is_not_in_it(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob, cid = rig.users(3)
    await rig.say(bob, ann)
    rig.clock.advance(1)
    group = (await rig.a_group(cid, ann, bob)).state.chat_id
    listed = History.chats

    async def leaving(history: History, ids: Collection[ChatId]) -> Mapping[ChatId, ChatState]:
        monkeypatch.setattr(History, "chats", listed)
        await rig.use.leave_group(group, user_id=ann)
        return await listed(history, ids)

    monkeypatch.setattr(History, "chats", leaving)
    page = await rig.use.list_chats(viewer=ann, page_size=1)
    rest = await rig.use.list_chats(viewer=ann, page_token=page.next_page_token)

    assert list(page.items) == []
    assert [chat.state.chat_id for chat in rest.items] == [between(ann, bob).chat_id]


async def test_a_page_token_of_somebody_else_is_refused(rig: Rig) -> None:
    ann, bob, cid = rig.users(3)
    for other in (bob, cid):
        await rig.say(ann, other)
    token = (await rig.use.list_chats(viewer=ann, page_size=1)).next_page_token

    for viewer, given in ((bob, token), (ann, "nonsense")):
        with refused(KernelReason.INVALID_PAGE_TOKEN):
            await rig.use.list_chats(viewer=viewer, page_token=given)


async def test_a_direct_chat_can_be_asked_for_before_its_first_message(rig: Rig) -> None:
    ann, bob = rig.users(2)

    chat = await rig.use.get_chat(between(ann, bob), viewer=ann)

    assert (chat.last_message, chat.unread_count, chat.state.created_at) == (None, 0, None)
    assert await chats(rig, ann) == []


async def test_a_chat_with_somebody_who_never_existed_is_not_found(rig: Rig) -> None:
    ann = rig.a_user()

    with refused(MessagingReason.USER_NOT_FOUND):
        await rig.use.get_chat(ChatRef(user_id=UserId("00000000-0000-4000-8000-0000000000ff")), viewer=ann)


async def test_history_stays_when_the_other_account_is_deleted(rig: Rig, kept: Kept) -> None:
    ann, bob = rig.users(2)
    sent = await rig.say(bob, ann)
    await kept()
    rig.delete_account(bob)

    page = await rig.use.list_messages(Listing(chat=ChatRef(user_id=bob)), viewer=ann)

    assert [message.message_id for message in page.items] == [sent.message_id]


async def test_a_blocked_chat_can_be_read(rig: Rig) -> None:
    ann, bob = rig.users(2)
    rig.block(bob, ann)

    assert (await rig.use.get_chat(between(ann, bob), viewer=ann)).unread_count == 0


async def test_a_chat_is_there_at_once_on_every_node(rig: Rig) -> None:
    ann, bob = rig.users(2)
    group = (await rig.a_group(ann, bob)).state.chat_id

    chat = await rig.another_node().use.get_chat(ChatRef(group), viewer=bob)

    assert chat.state.title is not None
    assert chat.state.title.value == "A group"

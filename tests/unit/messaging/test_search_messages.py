"""Finding messages by words: what matches, where is looked, and pages to the end."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from history.model import Message
from kernel.errors import KernelReason
from kernel.ids import UserId
from services.messaging import search_messages
from services.messaging.errors import MessagingReason
from services.messaging.model import Search
from tests.unit.messaging.conftest import Kept
from tests.unit.messaging.rig import Rig, between, refused


async def find(rig: Rig, viewer: UserId, query: str, chat_id: str = "") -> list[str]:
    """The texts of the first page."""
    page = await rig.use.search_messages(Search(query=query, chat_id=chat_id), viewer=viewer)
    return texts(page.items)


def texts(messages: Sequence[Message]) -> list[str]:
    return [message.text for message in messages]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("plan", "The PLAN for monday"),
        ("monday plan", "the plan for Monday"),
        ("day", "on Monday"),
        ("cafe", "Meet at the Café"),
        ("CAFÉ", "cafe au lait"),
        ("straße", "An der STRASSE"),
        ("سلام", "وعليكم السَّلام"),
        ("*", "a * b"),
    ],
)
async def test_every_word_is_found_whatever_its_case_and_accents(rig: Rig, kept: Kept, query: str, text: str) -> None:
    ann, bob = rig.users(2)
    await rig.say(ann, bob, text)
    await rig.say(ann, bob, "nothing of the kind")
    await kept()

    assert await find(rig, bob, query) == [text]


async def test_a_message_that_lacks_one_of_the_words_is_not_found(rig: Rig, kept: Kept) -> None:
    ann, bob = rig.users(2)
    await rig.say(ann, bob, "the plan")
    await kept()

    assert await find(rig, bob, "plan tuesday") == []


async def test_a_file_is_found_by_its_name(rig: Rig, kept: Kept) -> None:
    ann, bob = rig.users(2)
    await rig.say(ann, bob, "look", media_ids=(rig.media.a_file(ann),))
    await kept()

    assert await find(rig, bob, "cat.jpg") == ["look"]


async def test_all_chats_are_one_list_newest_first(rig: Rig, kept: Kept) -> None:
    ann, bob, cid = rig.users(3)
    for sender, to, text in ((bob, ann, "tea 1"), (cid, ann, "tea 2"), (ann, bob, "tea 3"), (ann, cid, "tea 4")):
        await rig.say(sender, to, text)
    await kept()

    assert await find(rig, ann, "tea") == ["tea 4", "tea 3", "tea 2", "tea 1"]


async def test_one_chat_alone_can_be_searched(rig: Rig, kept: Kept) -> None:
    ann, bob, cid = rig.users(3)
    await rig.say(bob, ann, "tea with bob")
    there = await rig.say(cid, ann, "tea with cid")
    await kept()

    assert await find(rig, ann, "tea", chat_id=there.chat_id) == ["tea with cid"]


async def test_an_edited_message_is_found_by_what_it_says_now(rig: Rig, kept: Kept) -> None:
    ann, bob = rig.users(2)
    sent = await rig.say(ann, bob, "at seven")
    await rig.use.edit_message(between(ann, bob), sent.message_id, "at eight", editor=ann)
    await kept()

    assert (await find(rig, bob, "seven"), await find(rig, bob, "eight")) == ([], ["at eight"])


async def test_what_was_deleted_is_not_found(rig: Rig, kept: Kept) -> None:
    ann, bob = rig.users(2)
    for_all, for_me = await rig.say(ann, bob, "secret one"), await rig.say(ann, bob, "secret two")
    await rig.use.delete_message(between(ann, bob), for_all.message_id, for_everyone=True, user_id=ann)
    await rig.use.delete_message(between(ann, bob), for_me.message_id, for_everyone=False, user_id=ann)
    await kept()

    assert (await find(rig, ann, "secret"), await find(rig, bob, "secret")) == ([], ["secret two"])


async def test_nothing_is_found_in_chats_of_others_nor_in_a_group_that_one_left(rig: Rig, kept: Kept) -> None:
    ann, bob, cid = rig.users(3)
    group = await rig.a_group(ann, bob, cid)
    await rig.say(ann, group.state.chat_id, "tea in the group")
    await rig.say(ann, bob, "tea for two")
    await rig.use.leave_group(group.state.chat_id, user_id=cid)
    await kept()

    assert await find(rig, cid, "tea") == []
    with refused(MessagingReason.NOT_A_MEMBER):
        await find(rig, cid, "tea", chat_id=group.state.chat_id)


async def test_pages_run_through_all_chats_without_gap_or_repeat(
    rig: Rig, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_messages, "MOST_READ", 7)
    monkeypatch.setattr(search_messages, "_CHUNK", 3)
    ann, bob, cid = rig.users(3)
    sent = [
        await rig.say(ann, (bob, cid)[number % 3 == 0], f"{'tea' if number % 2 else 'milk'} {number}")
        for number in range(30)
    ]
    await kept()

    pages: list[list[str]] = []
    search = Search(query="tea", page_size=2)
    while True:
        answer = await rig.use.search_messages(search, viewer=ann)
        pages.append(texts(answer.items))
        if not answer.next_page_token:
            break
        search = replace(search, page_token=answer.next_page_token)

    found = [text for page in pages for text in page]
    assert found == [text for text in reversed(texts(sent)) if text.startswith("tea")]
    assert max(map(len, pages)) == 2


async def test_a_call_looks_at_so_many_messages_and_says_that_there_are_more(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_messages, "MOST_READ", 3)
    ann, bob = rig.users(2)
    await rig.say(ann, bob, "needle")
    for number in range(4):
        await rig.say(ann, bob, f"hay {number}")

    first = await rig.use.search_messages(Search(query="needle"), viewer=bob)
    second = await rig.use.search_messages(Search(query="needle", page_token=first.next_page_token), viewer=bob)

    assert (texts(first.items), texts(second.items), second.next_page_token) == ([], ["needle"], "")


async def test_a_query_without_a_word_is_refused(rig: Rig) -> None:
    with refused(KernelReason.INVALID_FIELD):
        await find(rig, rig.a_user(), " \t ")


async def test_a_token_of_another_search_is_refused(rig: Rig) -> None:
    ann, bob = rig.users(2)
    for number in range(3):
        await rig.say(ann, bob, f"tea {number}")
    page = await rig.use.search_messages(Search(query="tea", page_size=1), viewer=ann)

    for search, viewer in ((Search(query="milk"), ann), (Search(query="tea"), bob)):
        with refused(KernelReason.INVALID_PAGE_TOKEN):
            await rig.use.search_messages(replace(search, page_token=page.next_page_token), viewer=viewer)

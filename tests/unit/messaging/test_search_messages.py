"""Search by words: matches, searched chats and pages."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from history.model import Message
from kernel.errors import KernelReason
from kernel.ids import UserId
from services.messaging import search_messages
from services.messaging.errors import MessagingReason
from services.messaging.model import Search
from tests.unit.messaging.conftest import MaybePersist
from tests.unit.messaging.harness import Harness, between, refused


async def find(harness: Harness, viewer: UserId, query: str, chat_id: str = "") -> list[str]:
    """Return the texts of the first page."""
    page = await harness.service.search_messages(Search(query=query, chat_id=chat_id), viewer=viewer)
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
async def test_words_match_regardless_of_case_and_accents(
    harness: Harness, maybe_persist: MaybePersist, query: str, text: str
) -> None:
    ann, bob = harness.users(2)
    await harness.send(ann, bob, text)
    await harness.send(ann, bob, "nothing of the kind")
    await maybe_persist()

    assert await find(harness, bob, query) == [text]


async def test_a_message_without_one_of_the_words_is_not_found(harness: Harness, maybe_persist: MaybePersist) -> None:
    ann, bob = harness.users(2)
    await harness.send(ann, bob, "the plan")
    await maybe_persist()

    assert await find(harness, bob, "plan tuesday") == []


async def test_a_file_is_found_by_its_name(harness: Harness, maybe_persist: MaybePersist) -> None:
    ann, bob = harness.users(2)
    await harness.send(ann, bob, "look", media_ids=(harness.media.a_file(ann),))
    await maybe_persist()

    assert await find(harness, bob, "cat.jpg") == ["look"]


async def test_results_of_all_chats_are_merged_newest_first(harness: Harness, maybe_persist: MaybePersist) -> None:
    ann, bob, cid = harness.users(3)
    for sender, to, text in ((bob, ann, "tea 1"), (cid, ann, "tea 2"), (ann, bob, "tea 3"), (ann, cid, "tea 4")):
        await harness.send(sender, to, text)
    await maybe_persist()

    assert await find(harness, ann, "tea") == ["tea 4", "tea 3", "tea 2", "tea 1"]


async def test_a_search_can_be_limited_to_one_chat(harness: Harness, maybe_persist: MaybePersist) -> None:
    ann, bob, cid = harness.users(3)
    await harness.send(bob, ann, "tea with bob")
    there = await harness.send(cid, ann, "tea with cid")
    await maybe_persist()

    assert await find(harness, ann, "tea", chat_id=there.chat_id) == ["tea with cid"]


async def test_an_edited_message_is_found_by_its_present_text(harness: Harness, maybe_persist: MaybePersist) -> None:
    ann, bob = harness.users(2)
    sent = await harness.send(ann, bob, "at seven")
    await harness.service.edit_message(between(ann, bob), sent.message_id, "at eight", editor=ann)
    await maybe_persist()

    assert (await find(harness, bob, "seven"), await find(harness, bob, "eight")) == ([], ["at eight"])


async def test_deleted_messages_are_not_found(harness: Harness, maybe_persist: MaybePersist) -> None:
    ann, bob = harness.users(2)
    for_all, for_me = await harness.send(ann, bob, "secret one"), await harness.send(ann, bob, "secret two")
    await harness.service.delete_message(between(ann, bob), for_all.message_id, for_everyone=True, user_id=ann)
    await harness.service.delete_message(between(ann, bob), for_me.message_id, for_everyone=False, user_id=ann)
    await maybe_persist()

    assert (await find(harness, ann, "secret"), await find(harness, bob, "secret")) == ([], ["secret two"])


async def test_chats_of_others_and_groups_that_the_user_left_are_not_searched(
    harness: Harness, maybe_persist: MaybePersist
) -> None:
    ann, bob, cid = harness.users(3)
    group = await harness.a_group(ann, bob, cid)
    await harness.send(ann, group.state.chat_id, "tea in the group")
    await harness.send(ann, bob, "tea for two")
    await harness.service.groups.leave(group.state.chat_id, user_id=cid)
    await maybe_persist()

    assert await find(harness, cid, "tea") == []
    with refused(MessagingReason.NOT_A_MEMBER):
        await find(harness, cid, "tea", chat_id=group.state.chat_id)


async def test_pages_cover_all_chats_without_gap_or_repeat(
    harness: Harness, maybe_persist: MaybePersist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_messages, "MOST_READ", 7)
    monkeypatch.setattr(search_messages, "_CHUNK", 3)
    ann, bob, cid = harness.users(3)
    sent = [
        await harness.send(ann, (bob, cid)[number % 3 == 0], f"{'tea' if number % 2 else 'milk'} {number}")
        for number in range(30)
    ]
    await maybe_persist()

    pages: list[list[str]] = []
    search = Search(query="tea", page_size=2)
    while True:
        answer = await harness.service.search_messages(search, viewer=ann)
        pages.append(texts(answer.items))
        if not answer.next_page_token:
            break
        search = replace(search, page_token=answer.next_page_token)

    found = [text for page in pages for text in page]
    assert found == [text for text in reversed(texts(sent)) if text.startswith("tea")]
    assert max(map(len, pages)) == 2


async def test_a_call_reads_a_limited_number_of_messages_and_returns_a_token(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_messages, "MOST_READ", 3)
    ann, bob = harness.users(2)
    await harness.send(ann, bob, "needle")
    for number in range(4):
        await harness.send(ann, bob, f"hay {number}")

    first = await harness.service.search_messages(Search(query="needle"), viewer=bob)
    second = await harness.service.search_messages(Search(query="needle", page_token=first.next_page_token), viewer=bob)

    assert (texts(first.items), texts(second.items), second.next_page_token) == ([], ["needle"], "")


async def test_a_blank_query_is_refused(harness: Harness) -> None:
    with refused(KernelReason.INVALID_FIELD):
        await find(harness, harness.a_user(), " \t ")


async def test_a_token_of_another_search_is_refused(harness: Harness) -> None:
    ann, bob = harness.users(2)
    for number in range(3):
        await harness.send(ann, bob, f"tea {number}")
    page = await harness.service.search_messages(Search(query="tea", page_size=1), viewer=ann)

    for search, viewer in ((Search(query="milk"), ann), (Search(query="tea"), bob)):
        with refused(KernelReason.INVALID_PAGE_TOKEN):
            await harness.service.search_messages(replace(search, page_token=page.next_page_token), viewer=viewer)

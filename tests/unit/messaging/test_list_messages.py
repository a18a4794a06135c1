"""Pages of a chat, in both directions."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from history.model import Message
from kernel.errors import KernelReason
from kernel.ids import UserId
from services.messaging.model import Listing
from tests.unit.messaging.conftest import MaybePersist
from tests.unit.messaging.harness import Harness, between, refused


async def read_all(harness: Harness, viewer: UserId, listing: Listing) -> list[list[UUID]]:
    """Return the ids of every page."""
    pages: list[list[UUID]] = []
    while True:
        page = await harness.service.list_messages(listing, viewer=viewer)
        pages.append(ids(page.items))
        if not page.next_page_token:
            return pages
        listing = replace(listing, page_token=page.next_page_token)


def ids(messages: Sequence[Message]) -> list[UUID]:
    return [message.message_id for message in messages]


async def test_the_newest_page_comes_first_and_each_page_starts_with_its_oldest_message(
    harness: Harness, maybe_persist: MaybePersist
) -> None:
    ann, bob = harness.users(2)
    sent = ids([await harness.send(ann, bob, str(number)) for number in range(5)])
    await maybe_persist()

    pages = await read_all(harness, bob, Listing(chat=between(ann, bob), page_size=2))

    assert pages == [sent[3:], sent[1:3], sent[:1]]


async def test_a_forward_listing_starts_with_the_oldest_message(harness: Harness, maybe_persist: MaybePersist) -> None:
    ann, bob = harness.users(2)
    sent = ids([await harness.send(ann, bob, str(number)) for number in range(5)])
    await maybe_persist()

    pages = await read_all(harness, bob, Listing(chat=between(ann, bob), page_size=2, forward=True))

    assert pages == [sent[:2], sent[2:4], sent[4:]]


async def test_pages_continue_from_the_tail_into_the_store_without_a_gap(harness: Harness) -> None:
    ann, bob = harness.users(2)
    older = [await harness.send(ann, bob, str(number)) for number in range(3)]
    await harness.persist()
    sent = ids([*older, *[await harness.send(bob, ann, str(number)) for number in range(3)]])

    pages = await read_all(harness, bob, Listing(chat=between(ann, bob), page_size=2))

    assert pages == [sent[4:], sent[2:4], sent[:2]]


@pytest.mark.parametrize(("forward", "expected"), [(False, slice(0, 2)), (True, slice(3, 5))])
async def test_a_listing_can_start_next_to_a_message(
    harness: Harness,
    maybe_persist: MaybePersist,
    forward: bool,  # noqa: FBT001
    expected: slice,
) -> None:
    ann, bob = harness.users(2)
    sent = ids([await harness.send(ann, bob, str(number)) for number in range(5)])
    await maybe_persist()

    pages = await read_all(harness, bob, Listing(chat=between(ann, bob), start=sent[2], forward=forward))

    assert pages == [sent[expected]]


async def test_a_full_last_page_has_no_token(harness: Harness) -> None:
    ann, bob = harness.users(2)
    for number in range(4):
        await harness.send(ann, bob, str(number))

    assert [len(page) for page in await read_all(harness, bob, Listing(chat=between(ann, bob), page_size=2))] == [2, 2]


async def test_messages_sent_between_two_pages_do_not_shift_them(harness: Harness) -> None:
    ann, bob = harness.users(2)
    sent = ids([await harness.send(ann, bob, str(number)) for number in range(4)])
    listing = Listing(chat=between(ann, bob), page_size=2)
    first = await harness.service.list_messages(listing, viewer=bob)
    await harness.send(ann, bob, "new")

    second = await harness.service.list_messages(replace(listing, page_token=first.next_page_token), viewer=bob)

    assert ids(second.items) == sent[:2]


async def test_pages_are_full_although_the_viewer_has_hidden_messages(
    harness: Harness, maybe_persist: MaybePersist
) -> None:
    ann, bob = harness.users(2)
    chat = between(ann, bob)
    sent = ids([await harness.send(ann, bob, str(number)) for number in range(5)])
    for message_id in sent[1:3]:
        await harness.service.delete_message(chat, message_id, for_everyone=False, user_id=bob)
    await maybe_persist()

    assert await read_all(harness, bob, Listing(chat=chat, page_size=2)) == [sent[3:], sent[:1]]


@pytest.mark.parametrize(
    "change",
    [
        {"forward": True},
        {"start": UUID("00000000-0000-1000-8000-000000000000")},
        {"page_token": "made up"},
        {"page_token": "AAAA"},
    ],
)
async def test_a_token_of_another_listing_is_refused(harness: Harness, change: dict[str, object]) -> None:
    ann, bob = harness.users(2)
    for number in range(3):
        await harness.send(ann, bob, str(number))
    listing = Listing(chat=between(ann, bob), page_size=1)
    token = (await harness.service.list_messages(listing, viewer=bob)).next_page_token

    with refused(KernelReason.INVALID_PAGE_TOKEN):
        await harness.service.list_messages(replace(listing, **{"page_token": token, **change}), viewer=bob)  # type: ignore[arg-type]


async def test_a_token_of_another_chat_or_user_is_refused(harness: Harness) -> None:
    ann, bob, cid = harness.users(3)
    for number in range(3):
        await harness.send(ann, bob, str(number))
        await harness.send(ann, cid, str(number))
    token = (
        await harness.service.list_messages(Listing(chat=between(ann, bob), page_size=1), viewer=ann)
    ).next_page_token

    with refused(KernelReason.INVALID_PAGE_TOKEN):
        await harness.service.list_messages(Listing(chat=between(ann, cid), page_token=token), viewer=ann)
    with refused(KernelReason.INVALID_PAGE_TOKEN):
        await harness.service.list_messages(Listing(chat=between(ann, bob), page_token=token), viewer=bob)


async def test_a_chat_without_messages_has_one_empty_page(harness: Harness) -> None:
    ann, bob = harness.users(2)

    assert await read_all(harness, ann, Listing(chat=between(ann, bob))) == [[]]


async def test_unstored_messages_are_listed_without_the_store_and_the_token_continues_into_it(harness: Harness) -> None:
    ann, bob = harness.users(2)
    older = ids([await harness.send(ann, bob, str(number)) for number in range(3)])
    await harness.persist()
    newer = [await harness.send(bob, ann, str(number)) for number in range(3)]
    await harness.service.toggle_reaction(between(ann, bob), older[0], "👍", user_id=ann)
    listing = Listing(chat=between(ann, bob), page_size=2)
    harness.store_switch.unavailable = True

    first = await harness.service.list_messages(listing, viewer=bob)
    second = await harness.service.list_messages(replace(listing, page_token=first.next_page_token), viewer=bob)
    beyond = replace(listing, page_token=second.next_page_token)
    with refused(KernelReason.STORE_UNAVAILABLE):
        await harness.service.list_messages(beyond, viewer=bob)
    harness.store_switch.unavailable = False
    third = await harness.service.list_messages(beyond, viewer=bob)

    assert [ids(page.items) for page in (first, second, third)] == [ids(newer)[1:], ids(newer)[:1], older[1:]]


async def test_a_forward_listing_fails_while_the_store_is_unavailable(harness: Harness) -> None:
    ann, bob = harness.users(2)
    await harness.send(ann, bob)
    harness.store_switch.unavailable = True

    with refused(KernelReason.STORE_UNAVAILABLE):
        await harness.service.list_messages(Listing(chat=between(ann, bob), forward=True), viewer=bob)

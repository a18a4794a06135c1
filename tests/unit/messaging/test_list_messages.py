"""Pages of a chat, both ways."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from history.model import Message
from kernel.errors import KernelReason
from kernel.ids import UserId
from services.messaging.model import Listing
from tests.unit.messaging.conftest import Kept
from tests.unit.messaging.rig import Rig, between, refused


async def read_all(rig: Rig, viewer: UserId, listing: Listing) -> list[list[UUID]]:
    """Every page's ids, to the end."""
    pages: list[list[UUID]] = []
    while True:
        page = await rig.use.list_messages(listing, viewer=viewer)
        pages.append(ids(page.items))
        if not page.next_page_token:
            return pages
        listing = replace(listing, page_token=page.next_page_token)


def ids(messages: Sequence[Message]) -> list[UUID]:
    return [message.message_id for message in messages]


async def test_the_newest_page_comes_first_and_each_page_reads_downwards(rig: Rig, kept: Kept) -> None:
    ann, bob = rig.users(2)
    sent = ids([await rig.say(ann, bob, str(number)) for number in range(5)])
    await kept()

    pages = await read_all(rig, bob, Listing(chat=between(ann, bob), page_size=2))

    assert pages == [sent[3:], sent[1:3], sent[:1]]


async def test_forward_goes_from_the_oldest_on(rig: Rig, kept: Kept) -> None:
    ann, bob = rig.users(2)
    sent = ids([await rig.say(ann, bob, str(number)) for number in range(5)])
    await kept()

    pages = await read_all(rig, bob, Listing(chat=between(ann, bob), page_size=2, forward=True))

    assert pages == [sent[:2], sent[2:4], sent[4:]]


async def test_pages_run_from_the_tail_into_the_store_without_a_seam(rig: Rig) -> None:
    ann, bob = rig.users(2)
    older = [await rig.say(ann, bob, str(number)) for number in range(3)]
    await rig.persist()
    sent = ids([*older, *[await rig.say(bob, ann, str(number)) for number in range(3)]])

    pages = await read_all(rig, bob, Listing(chat=between(ann, bob), page_size=2))

    assert pages == [sent[4:], sent[2:4], sent[:2]]


@pytest.mark.parametrize(("forward", "expected"), [(False, slice(0, 2)), (True, slice(3, 5))])
async def test_a_listing_starts_beside_a_message(rig: Rig, kept: Kept, forward: bool, expected: slice) -> None:  # noqa: FBT001
    ann, bob = rig.users(2)
    sent = ids([await rig.say(ann, bob, str(number)) for number in range(5)])
    await kept()

    pages = await read_all(rig, bob, Listing(chat=between(ann, bob), start=sent[2], forward=forward))

    assert pages == [sent[expected]]


async def test_a_full_last_page_has_no_token(rig: Rig) -> None:
    ann, bob = rig.users(2)
    for number in range(4):
        await rig.say(ann, bob, str(number))

    assert [len(page) for page in await read_all(rig, bob, Listing(chat=between(ann, bob), page_size=2))] == [2, 2]


async def test_messages_sent_meanwhile_do_not_shift_the_pages(rig: Rig) -> None:
    ann, bob = rig.users(2)
    sent = ids([await rig.say(ann, bob, str(number)) for number in range(4)])
    listing = Listing(chat=between(ann, bob), page_size=2)
    first = await rig.use.list_messages(listing, viewer=bob)
    await rig.say(ann, bob, "new")

    second = await rig.use.list_messages(replace(listing, page_token=first.next_page_token), viewer=bob)

    assert ids(second.items) == sent[:2]


async def test_what_the_viewer_hid_is_left_out_of_full_pages(rig: Rig, kept: Kept) -> None:
    ann, bob = rig.users(2)
    chat = between(ann, bob)
    sent = ids([await rig.say(ann, bob, str(number)) for number in range(5)])
    for message_id in sent[1:3]:
        await rig.use.delete_message(chat, message_id, for_everyone=False, user_id=bob)
    await kept()

    assert await read_all(rig, bob, Listing(chat=chat, page_size=2)) == [sent[3:], sent[:1]]


@pytest.mark.parametrize(
    "change",
    [
        {"forward": True},
        {"start": UUID("00000000-0000-1000-8000-000000000000")},
        {"page_token": "made up"},
        {"page_token": "AAAA"},
    ],
)
async def test_a_token_of_another_listing_is_refused(rig: Rig, change: dict[str, object]) -> None:
    ann, bob = rig.users(2)
    for number in range(3):
        await rig.say(ann, bob, str(number))
    listing = Listing(chat=between(ann, bob), page_size=1)
    token = (await rig.use.list_messages(listing, viewer=bob)).next_page_token

    with refused(KernelReason.INVALID_PAGE_TOKEN):
        await rig.use.list_messages(replace(listing, **{"page_token": token, **change}), viewer=bob)  # type: ignore[arg-type]


async def test_a_token_of_another_chat_or_user_is_refused(rig: Rig) -> None:
    ann, bob, cid = rig.users(3)
    for number in range(3):
        await rig.say(ann, bob, str(number))
        await rig.say(ann, cid, str(number))
    token = (await rig.use.list_messages(Listing(chat=between(ann, bob), page_size=1), viewer=ann)).next_page_token

    with refused(KernelReason.INVALID_PAGE_TOKEN):
        await rig.use.list_messages(Listing(chat=between(ann, cid), page_token=token), viewer=ann)
    with refused(KernelReason.INVALID_PAGE_TOKEN):
        await rig.use.list_messages(Listing(chat=between(ann, bob), page_token=token), viewer=bob)


async def test_a_chat_without_messages_is_an_empty_page(rig: Rig) -> None:
    ann, bob = rig.users(2)

    assert await read_all(rig, ann, Listing(chat=between(ann, bob))) == [[]]


async def test_while_the_store_is_away_what_it_does_not_have_is_listed_and_the_token_leads_on(rig: Rig) -> None:
    ann, bob = rig.users(2)
    older = ids([await rig.say(ann, bob, str(number)) for number in range(3)])
    await rig.persist()
    newer = [await rig.say(bob, ann, str(number)) for number in range(3)]
    await rig.use.toggle_reaction(between(ann, bob), older[0], "👍", user_id=ann)
    listing = Listing(chat=between(ann, bob), page_size=2)
    rig.store_switch.away = True

    first = await rig.use.list_messages(listing, viewer=bob)
    second = await rig.use.list_messages(replace(listing, page_token=first.next_page_token), viewer=bob)
    beyond = replace(listing, page_token=second.next_page_token)
    with refused(KernelReason.STORE_UNAVAILABLE):
        await rig.use.list_messages(beyond, viewer=bob)
    rig.store_switch.away = False
    third = await rig.use.list_messages(beyond, viewer=bob)

    assert [ids(page.items) for page in (first, second, third)] == [ids(newer)[1:], ids(newer)[:1], older[1:]]


async def test_while_the_store_is_away_a_chat_cannot_be_listed_from_its_beginning(rig: Rig) -> None:
    ann, bob = rig.users(2)
    await rig.say(ann, bob)
    rig.store_switch.away = True

    with refused(KernelReason.STORE_UNAVAILABLE):
        await rig.use.list_messages(Listing(chat=between(ann, bob), forward=True), viewer=bob)

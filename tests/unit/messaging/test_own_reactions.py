"""ListOwnReactions: the caller's reactions to messages of others."""

import pytest

from kernel.errors import KernelReason
from kernel.ids import UserId
from services.messaging import list_own_reactions
from services.messaging.list_own_reactions import OwnReaction
from tests.unit.messaging.conftest import MaybePersist
from tests.unit.messaging.harness import Harness, between, refused


async def all_of(harness: Harness, user_id: UserId) -> tuple[list[OwnReaction], int]:
    """Return all reactions, and the number of pages."""
    found: list[OwnReaction] = []
    token, pages = "", 0
    while True:
        page = await harness.service.list_own_reactions(user_id=user_id, page_token=token)
        found.extend(page.items)
        token, pages = page.next_page_token, pages + 1
        if not token:
            return found, pages


async def test_only_own_reactions_to_messages_of_others_are_listed(
    harness: Harness, maybe_persist: MaybePersist
) -> None:
    ann, bob, cid = harness.users(3)
    of_bob, of_ann = await harness.send(bob, ann), await harness.send(ann, bob)
    of_cid, untouched = await harness.send(cid, ann), await harness.send(cid, ann)
    for chat, message, emoji, user in (
        (between(ann, bob), of_bob, "👍", ann),
        (between(ann, bob), of_bob, "🎉", ann),
        (between(ann, bob), of_bob, "😀", bob),
        (between(ann, bob), of_ann, "👍", ann),
        (between(ann, cid), of_cid, "👍", ann),
        (between(ann, cid), untouched, "👍", ann),
        (between(ann, cid), untouched, "👍", ann),
    ):
        await harness.service.toggle_reaction(chat, message.message_id, emoji, user_id=user)
    await maybe_persist()

    found, _ = await all_of(harness, ann)

    assert {(each.message_id, each.reaction.emoji) for each in found} == {
        (of_bob.message_id, "👍"),
        (of_bob.message_id, "🎉"),
        (of_cid.message_id, "👍"),
    }


async def test_reactions_are_read_in_pages(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_own_reactions, "_MOST_READ", 13)
    monkeypatch.setattr(list_own_reactions, "_CHUNK", 2)
    ann, bob, cid = harness.users(3)
    reacted = set()
    for other in (bob, cid):
        for _ in range(5):
            message = await harness.send(other, ann)
            await harness.service.toggle_reaction(between(ann, other), message.message_id, "👍", user_id=ann)
            reacted.add(message.message_id)

    found, pages = await all_of(harness, ann)

    assert {each.message_id for each in found} == reacted
    assert len(found) == len(reacted)
    assert pages > 2


async def test_a_token_of_another_user_is_refused(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_own_reactions, "_MOST_READ", 1)
    ann, bob = harness.users(2)
    await harness.send(bob, ann)
    page = await harness.service.list_own_reactions(user_id=ann, page_token="")

    with refused(KernelReason.INVALID_PAGE_TOKEN):
        await harness.service.list_own_reactions(user_id=bob, page_token=page.next_page_token)

import asyncio

import pytest

from kernel.errors import KernelReason
from services.messaging.errors import MessagingReason
from tests.unit.messaging.conftest import MaybePersist
from tests.unit.messaging.harness import Harness, between, refused

TWENTY_ONE = [chr(0x1F600 + number) for number in range(21)]


async def test_a_toggle_adds_a_reaction_and_the_next_removes_it(harness: Harness, maybe_persist: MaybePersist) -> None:
    ann, bob = harness.users(2)
    chat = between(ann, bob)
    sent = await harness.send(ann, bob)
    await maybe_persist()

    reactions, present = await harness.service.toggle_reaction(chat, sent.message_id, "👍", user_id=bob)
    await maybe_persist()
    listed = await harness.service.messages.reactions(chat, sent.message_id, viewer=ann)
    assert (present, [(one.user_id, one.emoji) for one in reactions]) == (True, [(bob, "👍")])
    assert tuple(listed) == tuple(reactions)

    assert await harness.service.toggle_reaction(chat, sent.message_id, "👍", user_id=bob) == ((), False)
    await maybe_persist()
    assert tuple(await harness.service.messages.reactions(chat, sent.message_id, viewer=ann)) == ()


async def test_reactions_are_ordered_by_time_and_a_user_removes_only_their_own(
    harness: Harness, maybe_persist: MaybePersist
) -> None:
    ann, bob = harness.users(2)
    chat = between(ann, bob)
    sent = await harness.send(ann, bob)
    for user, emoji in ((ann, "👍"), (bob, "👍"), (bob, "❤️")):
        await harness.service.toggle_reaction(chat, sent.message_id, emoji, user_id=user)
        await maybe_persist()

    reactions, _ = await harness.service.toggle_reaction(chat, sent.message_id, "👍", user_id=ann)

    assert [(one.user_id, one.emoji) for one in reactions] == [(bob, "👍"), (bob, "❤️")]


async def test_two_concurrent_toggles_add_and_remove(harness: Harness) -> None:
    ann, bob = harness.users(2)
    chat = between(ann, bob)
    sent = await harness.send(ann, bob)

    outcomes = await asyncio.gather(
        *(harness.service.toggle_reaction(chat, sent.message_id, "🎉", user_id=bob) for _ in range(2))
    )

    assert sorted(present for _, present in outcomes) == [False, True]
    assert tuple(await harness.service.messages.reactions(chat, sent.message_id, viewer=ann)) == ()


async def test_concurrent_reactions_are_limited_to_twenty_different_emoji(harness: Harness) -> None:
    ann, bob = harness.users(2)
    chat = between(ann, bob)
    sent = await harness.send(ann, bob)

    outcomes = await asyncio.gather(
        *(harness.service.toggle_reaction(chat, sent.message_id, emoji, user_id=bob) for emoji in TWENTY_ONE),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, Exception) for outcome in outcomes) == 1

    with refused(MessagingReason.TOO_MANY_REACTIONS):
        await harness.service.toggle_reaction(chat, sent.message_id, "🐙", user_id=ann)
    reactions, _ = await harness.service.toggle_reaction(chat, sent.message_id, TWENTY_ONE[0], user_id=ann)
    assert len(reactions) == 21


async def test_a_reaction_to_a_deleted_message_is_refused(harness: Harness) -> None:
    ann, bob = harness.users(2)
    chat = between(ann, bob)
    sent = await harness.send(ann, bob)
    await harness.service.delete_message(chat, sent.message_id, for_everyone=True, user_id=ann)

    with refused(MessagingReason.MESSAGE_NOT_FOUND):
        await harness.service.toggle_reaction(chat, sent.message_id, "👍", user_id=bob)


async def test_reactions_between_blocked_users_are_refused_but_listed(harness: Harness) -> None:
    ann, bob = harness.users(2)
    chat = between(ann, bob)
    sent = await harness.send(ann, bob)
    harness.block(ann, bob)

    with refused(MessagingReason.BLOCKED):
        await harness.service.toggle_reaction(chat, sent.message_id, "👍", user_id=bob)
    assert tuple(await harness.service.messages.reactions(chat, sent.message_id, viewer=bob)) == ()


@pytest.mark.parametrize("emoji", ["a", "12", " ", "👍👍", "👍 ", "\u200d"])
async def test_text_other_than_one_emoji_is_refused(harness: Harness, emoji: str) -> None:
    ann, bob = harness.users(2)
    sent = await harness.send(ann, bob)

    with refused(KernelReason.INVALID_FIELD):
        await harness.service.toggle_reaction(between(ann, bob), sent.message_id, emoji, user_id=bob)

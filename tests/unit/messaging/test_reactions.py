import asyncio

import pytest

from kernel.errors import KernelReason
from services.messaging.errors import MessagingReason
from tests.unit.messaging.conftest import Kept
from tests.unit.messaging.rig import Rig, between, refused

TWENTY_ONE = [chr(0x1F600 + number) for number in range(21)]


async def test_a_toggle_puts_a_reaction_and_the_next_takes_it_away(rig: Rig, kept: Kept) -> None:
    ann, bob = rig.users(2)
    chat = between(ann, bob)
    sent = await rig.say(ann, bob)
    await kept()

    reactions, present = await rig.use.toggle_reaction(chat, sent.message_id, "👍", user_id=bob)
    await kept()
    listed = await rig.use.list_reactions(chat, sent.message_id, viewer=ann)
    assert (present, [(one.user_id, one.emoji) for one in reactions]) == (True, [(bob, "👍")])
    assert tuple(listed) == tuple(reactions)

    assert await rig.use.toggle_reaction(chat, sent.message_id, "👍", user_id=bob) == ((), False)
    await kept()
    assert tuple(await rig.use.list_reactions(chat, sent.message_id, viewer=ann)) == ()


async def test_reactions_come_in_their_order_and_only_ones_own_is_taken_away(rig: Rig, kept: Kept) -> None:
    ann, bob = rig.users(2)
    chat = between(ann, bob)
    sent = await rig.say(ann, bob)
    for user, emoji in ((ann, "👍"), (bob, "👍"), (bob, "❤️")):
        await rig.use.toggle_reaction(chat, sent.message_id, emoji, user_id=user)
        await kept()

    reactions, _ = await rig.use.toggle_reaction(chat, sent.message_id, "👍", user_id=ann)

    assert [(one.user_id, one.emoji) for one in reactions] == [(bob, "👍"), (bob, "❤️")]


async def test_two_toggles_at_once_are_a_put_and_a_take(rig: Rig) -> None:
    ann, bob = rig.users(2)
    chat = between(ann, bob)
    sent = await rig.say(ann, bob)

    outcomes = await asyncio.gather(
        *(rig.use.toggle_reaction(chat, sent.message_id, "🎉", user_id=bob) for _ in range(2))
    )

    assert sorted(present for _, present in outcomes) == [False, True]
    assert tuple(await rig.use.list_reactions(chat, sent.message_id, viewer=ann)) == ()


async def test_a_message_takes_twenty_different_emoji_also_when_they_come_at_once(rig: Rig) -> None:
    ann, bob = rig.users(2)
    chat = between(ann, bob)
    sent = await rig.say(ann, bob)

    outcomes = await asyncio.gather(
        *(rig.use.toggle_reaction(chat, sent.message_id, emoji, user_id=bob) for emoji in TWENTY_ONE),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, Exception) for outcome in outcomes) == 1

    with refused(MessagingReason.TOO_MANY_REACTIONS):
        await rig.use.toggle_reaction(chat, sent.message_id, "🐙", user_id=ann)
    reactions, _ = await rig.use.toggle_reaction(chat, sent.message_id, TWENTY_ONE[0], user_id=ann)
    assert len(reactions) == 21


async def test_a_deleted_message_takes_no_reaction(rig: Rig) -> None:
    ann, bob = rig.users(2)
    chat = between(ann, bob)
    sent = await rig.say(ann, bob)
    await rig.use.delete_message(chat, sent.message_id, for_everyone=True, user_id=ann)

    with refused(MessagingReason.MESSAGE_NOT_FOUND):
        await rig.use.toggle_reaction(chat, sent.message_id, "👍", user_id=bob)


async def test_where_one_blocks_the_other_reactions_are_refused_and_still_listed(rig: Rig) -> None:
    ann, bob = rig.users(2)
    chat = between(ann, bob)
    sent = await rig.say(ann, bob)
    rig.block(ann, bob)

    with refused(MessagingReason.BLOCKED):
        await rig.use.toggle_reaction(chat, sent.message_id, "👍", user_id=bob)
    assert tuple(await rig.use.list_reactions(chat, sent.message_id, viewer=bob)) == ()


@pytest.mark.parametrize("emoji", ["a", "12", " ", "👍👍", "👍 ", "\u200d"])
async def test_what_is_not_one_emoji_is_refused(rig: Rig, emoji: str) -> None:
    ann, bob = rig.users(2)
    sent = await rig.say(ann, bob)

    with refused(KernelReason.INVALID_FIELD):
        await rig.use.toggle_reaction(between(ann, bob), sent.message_id, emoji, user_id=bob)

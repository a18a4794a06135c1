"""Sends that are repeated: one message, whatever the node, the text and the state of the claims."""

import asyncio
from uuid import uuid4

import pytest

from history.unstored.claims import MemorySendClaims
from kernel.errors import KernelReason
from kernel.ids import HybridClock, time_key
from services.messaging.errors import MessagingReason
from tests.builders import a_send_id
from tests.unit.messaging.conftest import MaybePersist
from tests.unit.messaging.harness import Harness, refused


async def test_a_retry_returns_the_first_message_although_its_text_differs(
    harness: Harness, maybe_persist: MaybePersist
) -> None:
    ann, bob = harness.users(2)
    name = uuid4()
    first = await harness.send(ann, bob, "first", name=name)
    await maybe_persist()

    again = await harness.send(ann, bob, "second", name=name)

    assert (again.message_id, again.text) == (first.message_id, "first")
    assert len(harness.events()) == 1


async def test_a_retry_on_another_node_returns_the_same_message(harness: Harness) -> None:
    ann, bob = harness.users(2)
    draft = harness.draft(bob)
    first = await harness.service.send_message(draft, sender=ann)

    again = await harness.another_node().servicer.send_message(draft, sender=ann)

    assert again.message_id == first.message_id


async def test_a_new_send_reads_neither_tail_nor_store(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, bob = harness.users(2)
    await harness.send(ann, bob)
    harness.clock.advance(3_600)
    await harness.send(ann, bob)
    for part in (harness.dependencies.tail, harness.store_switch.store.messages):
        monkeypatch.setattr(part, "sent", None)

    message = await harness.send(ann, bob, name=a_send_id(harness.clock.now()))

    assert harness.events()[-1].event_id == message.message_id


async def test_a_retry_of_a_new_send_returns_the_first_message(harness: Harness, maybe_persist: MaybePersist) -> None:
    ann, bob = harness.users(2)
    harness.clock.advance(3_600)
    name = a_send_id(harness.clock.now())
    first = await harness.send(ann, bob, "first", name=name)
    await maybe_persist()

    again = await harness.send(ann, bob, "second", name=name)
    elsewhere = await harness.another_node().servicer.send_message(harness.draft(bob, name=name), sender=ann)

    assert (again.message_id, again.text) == (first.message_id, "first")
    assert elsewhere == again
    assert len(harness.events()) == 1


@pytest.mark.parametrize("hours", [0, 1, 48])
async def test_a_retry_after_the_claims_were_lost_returns_the_first_message(
    harness: Harness, maybe_persist: MaybePersist, hours: int
) -> None:
    ann, bob = harness.users(2)
    harness.clock.advance(3_600)
    name = a_send_id(harness.clock.now())
    first = await harness.send(ann, bob, name=name)
    await maybe_persist()

    node = harness.another_node(claims=MemorySendClaims(clock=harness.clock))
    harness.clock.advance(hours * 3_600)

    again = await node.servicer.send_message(harness.draft(bob, name=name), sender=ann)

    assert again.message_id == first.message_id
    assert len(harness.events()) == 1


async def test_two_nodes_with_one_send_in_flight_append_the_same_event(harness: Harness) -> None:
    ann, bob = harness.users(2)
    await harness.send(ann, bob)
    harness.clock.advance(3_600)
    draft = harness.draft(bob, name=a_send_id(harness.clock.now()))
    harness.log.reached.clear()
    harness.log.held = asyncio.Event()
    sending = asyncio.create_task(harness.service.send_message(draft, sender=ann))
    await harness.log.reached.wait()

    # The log has the first append, but has not answered yet.
    other = asyncio.create_task(harness.another_node().servicer.send_message(draft, sender=ann))
    harness.log.held.set()
    messages = await asyncio.gather(sending, other)

    assert len({message.message_id for message in messages}) == 1
    assert {event.event_id for event in harness.events()[1:]} == {messages[0].message_id}


async def test_the_claim_of_a_node_that_died_before_its_append_is_used(harness: Harness) -> None:
    ann, bob = harness.users(2)
    harness.clock.advance(3_600)
    draft = harness.draft(bob, name=a_send_id(harness.clock.now()))
    new_id = HybridClock(clock=harness.clock).next()
    claim = await harness.dependencies.claims.claim(ann, draft.client_message_id, new_id)
    assert claim.is_first

    message = await harness.service.send_message(draft, sender=ann)

    assert message.message_id == claim.message_id
    assert len(harness.events()) == 1


async def test_a_retry_returns_the_first_message_although_its_content_is_refused(harness: Harness) -> None:
    ann, bob = harness.users(2)
    harness.clock.advance(3_600)
    name = a_send_id(harness.clock.now())
    first = await harness.send(ann, bob, "first", name=name)

    assert await harness.send(ann, bob, "", name=name) == first
    assert await harness.send(ann, bob, reply_to=uuid4(), name=name) == first


async def test_a_refused_send_claims_no_id(harness: Harness) -> None:
    ann, bob = harness.users(2)
    name = a_send_id(harness.clock.now())
    with refused(KernelReason.INVALID_FIELD):
        await harness.send(ann, bob, "", name=name)
    between_both = await harness.send(ann, bob)

    message = await harness.send(ann, bob, name=name)

    assert time_key(message.message_id) > time_key(between_both.message_id)


async def test_the_same_client_message_id_of_two_senders_creates_two_messages(harness: Harness) -> None:
    ann, bob = harness.users(2)
    name = uuid4()

    assert (await harness.send(ann, bob, name=name)).message_id != (await harness.send(bob, ann, name=name)).message_id


async def test_concurrent_sends_with_one_client_message_id_publish_one_event(harness: Harness) -> None:
    ann, bob = harness.users(2)
    # With the chat cached, only the lock makes the sends wait for each other.
    await harness.send(ann, bob)
    draft = harness.draft(bob)

    messages = await asyncio.gather(*(harness.service.send_message(draft, sender=ann) for _ in range(20)))

    assert len({message.message_id for message in messages}) == 1
    assert len(harness.events()) == 2


async def test_a_client_message_id_used_in_another_chat_returns_that_message(harness: Harness) -> None:
    ann, bob, cid = harness.users(3)
    name = uuid4()
    first = await harness.send(ann, bob, "to bob", name=name)

    assert (await harness.send(ann, cid, "to cid", name=name)) == first


async def test_a_client_message_id_used_in_a_group_that_the_sender_left_is_refused(harness: Harness) -> None:
    ann, bob = harness.users(2)
    group = (await harness.a_group(bob, ann)).state.chat_id
    name = uuid4()
    await harness.send(ann, group, name=name)
    await harness.service.groups.leave(group, user_id=ann)

    with refused(MessagingReason.NOT_A_MEMBER):
        await harness.send(ann, bob, name=name)

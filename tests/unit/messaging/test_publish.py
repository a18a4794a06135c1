"""What happens to an event once the log has it."""

import asyncio

import pytest
from prometheus_client import REGISTRY

from history import codec
from history.chat_id import ChatId
from history.codec import unpack
from history.model import Role, StoredEvent
from kernel.errors import KernelReason
from tests.unit.messaging.rig import LOG_AWAY, Rig, refused


def failures() -> dict[str, float]:
    return {
        part: REGISTRY.get_sample_value("chatly_messaging_pass_on_failures_total", {"part": part}) or 0
        for part in ("tail", "bus")
    }


async def test_what_the_log_has_is_answered_though_tail_and_bus_fail(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, bob = rig.users(2)
    before = failures()

    async def broken(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(rig.ground.tail, "add", broken)
    monkeypatch.setattr(rig.bus, "publish", broken)

    message = await rig.say(ann, bob)

    assert [event.event_id for event in rig.events()] == [message.message_id]
    assert failures() == {part: count + 1 for part, count in before.items()}


async def test_what_the_log_does_not_have_is_told_to_nobody(rig: Rig) -> None:
    ann, bob = rig.users(2)
    listener = await rig.listen(f"user:{bob}", f"contacts:{bob}")
    rig.log.unavailable = LOG_AWAY

    with refused(KernelReason.LOG_UNAVAILABLE):
        await rig.say(ann, bob)

    assert await listener.heard() == []
    assert (await rig.use.list_chats(viewer=bob)).items == []


async def test_a_group_message_is_published_once_however_many_members_there_are(rig: Rig) -> None:
    ann, *others = rig.users(20)
    group = (await rig.a_group(ann, *others)).state.chat_id
    listener = await rig.listen(f"chat:{group}", *(f"user:{user}" for user in (ann, *others)))

    message = await rig.say(ann, group)

    (news,) = await listener.heard()
    stored = unpack(news.payload)
    assert isinstance(stored, StoredEvent)
    assert (news.channel, stored.event.event_id) == (f"chat:{group}", message.message_id)


async def test_a_node_does_not_decode_the_events_it_published(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, bob = rig.users(2)
    listener = await rig.listen(f"user:{bob}")
    monkeypatch.setattr(codec, "decode", None)

    message = await rig.say(ann, bob)

    (published,) = await listener.heard()
    stored = codec.unpack(published.payload)
    assert isinstance(stored, StoredEvent)
    assert stored.event.event_id == message.message_id


async def test_presence_hears_of_new_contacts_once(rig: Rig) -> None:
    ann, bob = rig.users(2)
    listener = await rig.listen(f"contacts:{ann}", f"contacts:{bob}")
    await rig.say(ann, bob)
    first = await listener.heard()
    await rig.node.states.of((await rig.say(bob, ann)).chat_id)
    await listener.heard()

    await rig.say(ann, bob)

    assert sorted((news.channel, news.payload) for news in first) == sorted(
        (f"contacts:{user}", b"") for user in (ann, bob)
    )
    assert await listener.heard() == []


async def test_presence_hears_of_a_new_contact_also_where_the_message_is_stored_before_its_sender_hears(
    rig: Rig,
) -> None:
    ann, bob = rig.users(2)
    listener = await rig.listen(f"contacts:{ann}", f"contacts:{bob}")
    rig.log.held = asyncio.Event()
    sending = asyncio.create_task(rig.say(ann, bob))
    await rig.log.reached.wait()
    await rig.persist()
    await rig.node.states.of(ChatId.direct(ann, bob))

    rig.log.held.set()
    await sending

    assert sorted(news.channel for news in await listener.heard()) == sorted(f"contacts:{user}" for user in (ann, bob))


async def test_presence_hears_of_everyone_whose_group_gains_or_loses_a_member(rig: Rig) -> None:
    ann, bob, cid = rig.users(3)
    channels = {f"contacts:{user}" for user in (ann, bob, cid)}
    listener = await rig.listen(*channels)

    group = (await rig.a_group(ann, bob)).state.chat_id
    assert {news.channel for news in await listener.heard()} == {f"contacts:{ann}", f"contacts:{bob}"}
    await rig.use.add_members(group, [cid], None, actor=ann)
    assert {news.channel for news in await listener.heard()} == channels
    await rig.use.remove_member(group, cid, actor=ann)
    assert {news.channel for news in await listener.heard()} == channels
    await rig.use.add_members(group, [bob], Role.ADMIN, actor=ann)
    assert await listener.heard() == []


async def test_presence_hears_once_of_many_who_join_together(rig: Rig) -> None:
    ann, bob, *others = rig.users(22)
    group = (await rig.a_group(ann, bob)).state.chat_id
    listener = await rig.listen(f"contacts:{ann}", f"contacts:{bob}", f"contacts:{others[7]}")

    await rig.use.add_members(group, others, None, actor=ann)

    assert sorted(news.channel for news in await listener.heard()) == sorted(
        f"contacts:{user}" for user in (ann, bob, others[7])
    )

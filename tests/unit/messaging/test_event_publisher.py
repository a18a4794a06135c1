"""The way of an event after the log has it."""

import asyncio
from collections.abc import Sequence

import pytest
from prometheus_client import REGISTRY

from history import codec
from history.chat_id import ChatId
from history.codec import unpack
from history.model import LogEvent, Role
from kernel.bus.ports import BusMessage
from kernel.errors import KernelReason
from kernel.redis.pipeline import SharedPipeline
from kernel.redis.protocol import Command
from kernel.runner import background
from tests.unit.messaging.harness import LOG_UNAVAILABLE, Harness, refused


def failures() -> dict[str, float]:
    return {
        part: REGISTRY.get_sample_value("chatly_messaging_pass_on_failures_total", {"part": part}) or 0
        for part in ("tail", "bus")
    }


async def test_an_event_of_the_log_is_acknowledged_although_tail_and_bus_fail(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = harness.users(2)
    before = failures()

    async def broken(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(harness.dependencies.tail, "add", broken)
    monkeypatch.setattr(harness.bus, "publish", broken)

    message = await harness.send(ann, bob)

    assert [event.event_id for event in harness.events()] == [message.message_id]
    assert failures() == {part: count + 1 for part, count in before.items()}


async def test_redis_gets_an_event_for_the_tail_and_its_publication_in_one_flush_and_in_this_order(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = harness.users(2)
    await harness.send(ann, bob)
    flushes: list[list[str]] = []

    async def send(commands: Sequence[Command]) -> list[object]:
        flushes.append([str(name) for (name,) in commands])
        return [b"OK"] * len(commands)

    pipeline = SharedPipeline(send=send, probe=never, server="a server")

    async def add(_: LogEvent) -> None:
        await pipeline.submit(("tail",))

    async def publish(messages: Sequence[BusMessage]) -> None:
        for _ in messages:
            pipeline.submit(("bus",))

    monkeypatch.setattr(harness.dependencies.tail, "add", add)
    monkeypatch.setattr(harness.bus, "publish", publish)
    async with background({"pipeline": pipeline.run}):
        await harness.send(ann, bob)

    assert flushes == [["tail", "bus", "bus"]]


async def never() -> None:
    raise AssertionError("the server always answers")


async def test_an_event_is_acknowledged_once_the_tail_has_it(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, bob = harness.users(2)
    listener = await harness.subscribe(f"user:{bob}")
    added, may_return, real = asyncio.Event(), asyncio.Event(), harness.dependencies.tail.add

    async def add(event: LogEvent) -> None:
        added.set()
        await may_return.wait()
        await real(event)

    monkeypatch.setattr(harness.dependencies.tail, "add", add)
    sending = asyncio.create_task(harness.send(ann, bob))
    await added.wait()

    assert len(await listener.received()) == 1, "people need not wait for the tail"
    assert not sending.done()

    may_return.set()
    await sending


async def test_an_event_that_the_log_refuses_is_not_published(harness: Harness) -> None:
    ann, bob = harness.users(2)
    listener = await harness.subscribe(f"user:{bob}", f"contacts:{bob}")
    harness.log.unavailable = LOG_UNAVAILABLE

    with refused(KernelReason.LOG_UNAVAILABLE):
        await harness.send(ann, bob)

    assert await listener.received() == []
    assert (await harness.service.chats.list(viewer=bob)).items == []


async def test_a_group_message_is_published_once_for_all_members(harness: Harness) -> None:
    ann, *others = harness.users(20)
    group = (await harness.a_group(ann, *others)).state.chat_id
    listener = await harness.subscribe(f"chat:{group}", *(f"user:{user}" for user in (ann, *others)))

    message = await harness.send(ann, group)

    (published,) = await listener.received()
    stored = unpack(published.payload)
    assert isinstance(stored, LogEvent)
    assert (published.channel, stored.event.event_id) == (f"chat:{group}", message.message_id)


async def test_a_node_does_not_decode_the_events_it_published(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = harness.users(2)
    listener = await harness.subscribe(f"user:{bob}")
    monkeypatch.setattr(codec, "decode", None)

    message = await harness.send(ann, bob)

    (published,) = await listener.received()
    stored = codec.unpack(published.payload)
    assert isinstance(stored, LogEvent)
    assert stored.event.event_id == message.message_id


async def test_new_contacts_are_announced_once(harness: Harness) -> None:
    ann, bob = harness.users(2)
    listener = await harness.subscribe(f"contacts:{ann}", f"contacts:{bob}")
    await harness.send(ann, bob)
    first = await listener.received()
    await harness.node.states.get((await harness.send(bob, ann)).chat_id)
    await listener.received()

    await harness.send(ann, bob)

    assert sorted((published.channel, published.payload) for published in first) == sorted(
        (f"contacts:{user}", b"") for user in (ann, bob)
    )
    assert await listener.received() == []


async def test_a_new_contact_is_announced_although_the_message_is_stored_before_it_is_acknowledged(
    harness: Harness,
) -> None:
    ann, bob = harness.users(2)
    listener = await harness.subscribe(f"contacts:{ann}", f"contacts:{bob}")
    harness.log.held = asyncio.Event()
    sending = asyncio.create_task(harness.send(ann, bob))
    await harness.log.reached.wait()
    await harness.persist()
    await harness.node.states.get(ChatId.direct(ann, bob))

    harness.log.held.set()
    await sending

    assert sorted(published.channel for published in await listener.received()) == sorted(
        f"contacts:{user}" for user in (ann, bob)
    )


async def test_contacts_of_a_whole_group_are_announced_when_a_member_joins_or_leaves(harness: Harness) -> None:
    ann, bob, cid = harness.users(3)
    channels = {f"contacts:{user}" for user in (ann, bob, cid)}
    listener = await harness.subscribe(*channels)

    group = (await harness.a_group(ann, bob)).state.chat_id
    assert {published.channel for published in await listener.received()} == {f"contacts:{ann}", f"contacts:{bob}"}
    await harness.service.groups.add_members(group, [cid], None, actor=ann)
    assert {published.channel for published in await listener.received()} == channels
    await harness.service.groups.remove_member(group, cid, actor=ann)
    assert {published.channel for published in await listener.received()} == channels
    await harness.service.groups.add_members(group, [bob], Role.ADMIN, actor=ann)
    assert await listener.received() == []


async def test_contacts_are_announced_once_when_many_members_join_together(harness: Harness) -> None:
    ann, bob, *others = harness.users(22)
    group = (await harness.a_group(ann, bob)).state.chat_id
    listener = await harness.subscribe(f"contacts:{ann}", f"contacts:{bob}", f"contacts:{others[7]}")

    await harness.service.groups.add_members(group, others, None, actor=ann)

    assert sorted(published.channel for published in await listener.received()) == sorted(
        f"contacts:{user}" for user in (ann, bob, others[7])
    )

"""One event for many streams: it is encoded once, and a slow stream does not delay the others."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from history.audience import user_channel
from history.chat_id import ChatId
from kernel.errors import ChatlyError, Code, KernelReason, unavailable
from kernel.telemetry import metrics
from services.messaging.errors import MessagingReason
from services.messaging.live import send_queue
from tests.unit.live.builders import a_user
from tests.unit.live.harness import Backend, Node
from tests.waiting import eventually

SUBSCRIBERS = 200


def counted(name: str) -> float:
    """Return the current value of a counter, summed over all nodes."""
    (line,) = [line for line in metrics.exposition().decode().splitlines() if line.startswith(f"{name}_total ")]
    return float(line.split()[-1])


async def test_an_event_for_200_subscribers_is_encoded_once(backend: Backend, node: Node) -> None:
    ann = a_user()
    group = await node.create_group(ann, *(users := [a_user() for _ in range(SUBSCRIBERS)]))
    await backend.persist()
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(node.client(user)) for user in users]
        for client in clients:
            await client.caught_up()
        serialized, delivered = counted("chatly_live_events_serialized"), counted("chatly_live_deliveries")
        for text in ("one", "two", "three"):
            await node.send(group, ann, text)
        await backend.persist()
        for client in clients:
            await client.saw_text("three")

    assert counted("chatly_live_events_serialized") - serialized == 3
    assert counted("chatly_live_deliveries") - delivered == 3 * SUBSCRIBERS
    assert all(client.texts == ["one", "two", "three"] for client in clients)


async def test_events_that_queue_up_during_a_write_share_the_next_write(node: Node) -> None:
    ann, bob = a_user(), a_user()
    async with node.client(bob) as client:
        await client.caught_up()
        client.may_read.clear()
        await node.send(ChatId.direct(ann, bob), ann, "0")
        await client.saw_text("0")
        for number in range(1, 50):
            await node.send(ChatId.direct(ann, bob), ann, str(number))
        client.may_read.set()
        await client.saw_text("49")

    assert client.writes == 3


async def test_a_slow_stream_fails_and_the_others_continue(
    backend: Backend, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send_queue, "MAX_EVENTS", 20)
    ann, slow_user, quick_user = a_user(), a_user(), a_user()
    group = await node.create_group(ann, slow_user, quick_user)
    async with node.client(slow_user) as slow, node.client(quick_user) as quick:
        await slow.caught_up()
        await quick.caught_up()
        slow.may_read.clear()
        for number in range(100):
            await node.send(group, ann, str(number))
            await quick.saw_text(str(number))
        slow.may_read.set()
        await eventually(lambda: slow.ended)

    assert slow.error is not None
    assert (slow.error.code, slow.error.reason) == (Code.RESOURCE_EXHAUSTED, MessagingReason.SLOW_READER)
    assert quick.texts == [str(number) for number in range(100)]
    assert backend.recorded
    async with node.client(slow_user, slow.cursor) as resumed:
        await resumed.caught_up()
    assert sorted({*slow.texts, *resumed.texts}, key=int) == quick.texts


async def test_typing_is_dropped_before_a_slow_stream_fails(
    backend: Backend, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send_queue, "MAX_EVENTS", 20)
    ann, bob = a_user(), a_user()
    async with node.client(bob) as client:
        await client.caught_up()
        client.may_read.clear()
        await node.send(ChatId.direct(ann, bob), ann, "first")
        await client.saw_text("first")
        for _ in range(100):
            await backend.typing(user_channel(bob), ann)
        await node.send(ChatId.direct(ann, bob), ann, "last")
        await asyncio.sleep(0)
        client.may_read.set()
        await client.saw_text("last")

    assert client.error is None
    assert client.kinds.count("typing") < 20


async def test_events_that_arrive_during_a_slow_replay_are_replayed_too(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send_queue, "MAX_EVENTS", 20)
    ann, bob = a_user(), a_user()
    async with node.client(bob) as client:
        await client.caught_up()
    await node.send(ChatId.direct(ann, bob), ann, "missed")
    async with node.client(bob, client.cursor) as resumed:
        resumed.may_read.clear()
        await resumed.saw_text("missed")
        for number in range(100):
            await node.send(ChatId.direct(ann, bob), ann, str(number))
        resumed.may_read.set()
        await resumed.caught_up()

    assert {*resumed.texts} == {"missed", *map(str, range(100))}
    assert resumed.error is None


async def test_a_stream_fails_if_past_events_cannot_be_read(backend: Backend, node: Node) -> None:
    class UnreachableStore:
        async def stored(self) -> dict[int, int]:
            raise unavailable(KernelReason.STORE_UNAVAILABLE, "the store is unreachable")

    node.replays._events = UnreachableStore()  # type: ignore[assignment]
    async with node.client(a_user()) as client:
        await client.caught_up()

    assert isinstance(client.error, ChatlyError)
    assert client.error.reason is KernelReason.STORE_UNAVAILABLE
    assert not node.hub.subscribers

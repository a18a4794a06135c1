"""A stopping node asks its streams to reconnect elsewhere."""

import asyncio
from collections.abc import Mapping

import pytest

from history.chat_id import ChatId
from kernel.errors import Code, KernelReason
from services.messaging.live.lifecycle import MAX_RECONNECT_MS, random_delay_ms
from tests.unit.live.builders import a_user
from tests.unit.live.harness import Backend, Node, a_node
from tests.waiting import eventually


async def test_every_stream_gets_reconnect_and_ends_without_an_error(node: Node) -> None:
    async with node.client(a_user()) as one, node.client(a_user()) as other:
        await one.caught_up()
        await other.caught_up()
        await node.drain()
        await eventually(lambda: one.ended and other.ended)

    for client in (one, other):
        assert client.kinds == ["caught_up", "reconnect"]
        assert client.events[-1].reconnect.delay_ms == 7
        assert client.error is None


async def test_queued_events_are_sent_first_and_the_others_after_reconnecting(backend: Backend, node: Node) -> None:
    ann, bob = a_user(), a_user()
    async with node.client(bob) as client:
        await client.caught_up()
        client.may_read.clear()
        await node.send(ChatId.direct(ann, bob), ann, "0")
        await client.saw_text("0")
        for number in range(1, 3):
            await node.send(ChatId.direct(ann, bob), ann, str(number))
        async with node.client(ann) as other:
            await other.caught_up()
            await node.send(ChatId.direct(ann, a_user()), ann, "everything is delivered")
            await other.saw_text("everything is delivered")
        await node.drain()
        await node.send(ChatId.direct(ann, bob), ann, "after the drain")
        client.may_read.set()
        await eventually(lambda: client.ended)
    async with a_node(backend) as second, second.client(bob, client.cursor) as resumed:
        await resumed.caught_up()

    assert client.kinds[-1] == "reconnect"
    assert client.texts == ["0", "1", "2"]
    assert resumed.texts == ["0", "1", "2", "after the drain"]


async def test_a_drain_interrupts_a_replay_and_its_cursor_stays(backend: Backend, node: Node) -> None:
    ann, bob = a_user(), a_user()
    async with node.client(bob) as client:
        await client.caught_up()
    for number in range(20):
        await node.send(ChatId.direct(ann, bob), ann, str(number) + "x" * 4_000)
    await backend.persist()
    async with node.client(bob, client.cursor) as cut:
        cut.may_read.clear()
        await eventually(lambda: cut.writes == 1)
        await node.drain()
        cut.may_read.set()
        await eventually(lambda: cut.ended)

    assert cut.kinds[-1] == "reconnect"
    assert "caught_up" not in cut.kinds
    assert cut.cursor == client.cursor


async def test_a_stream_that_is_starting_sends_its_cursor_before_reconnect(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = a_user(), a_user()
    asked, answered = asyncio.Event(), asyncio.Event()
    stored = node.replays.stored

    async def late() -> Mapping[int, int]:
        asked.set()
        await answered.wait()
        return await stored()

    async with node.client(bob) as listening:
        await listening.caught_up()
        monkeypatch.setattr(node.replays, "stored", late)
        async with node.client(bob) as starting:
            await asked.wait()
            await node.send(ChatId.direct(ann, bob), ann, "meanwhile")
            await listening.saw_text("meanwhile")
            await node.drain()
            answered.set()
            await eventually(lambda: starting.ended)

    assert starting.kinds == ["caught_up", "message_created", "reconnect"]


async def test_a_draining_node_admits_no_stream(node: Node) -> None:
    await node.drain()
    async with node.client(a_user()) as client:
        await client.caught_up()

    assert client.error is not None
    assert (client.error.code, client.error.reason) == (Code.UNAVAILABLE, KernelReason.SHUTTING_DOWN)


def test_delays_are_spread_over_two_seconds() -> None:
    delays = [random_delay_ms() for _ in range(1_000)]

    assert 0 <= min(delays) < 400
    assert 1_600 < max(delays) <= MAX_RECONNECT_MS

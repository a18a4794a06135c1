"""Heartbeats: when they are sent, and their cursor."""

from history.chat_id import ChatId
from tests.unit.live.builders import a_user
from tests.unit.live.harness import Backend, Client, Node
from tests.waiting import eventually


async def beats(client: Client, number: int) -> None:
    await eventually(lambda: client.kinds.count("heartbeat") == number)


async def test_a_heartbeat_comes_every_15_seconds_and_not_earlier(backend: Backend, node: Node) -> None:
    async with node.client(a_user()) as client:
        await client.caught_up()
        node.heartbeats.beat()
        backend.clock.advance(14.9)
        node.heartbeats.beat()
        await node.send(ChatId.direct(client.user, a_user()), client.user, "still no heartbeat")
        await client.saw_text("still no heartbeat")
        assert "heartbeat" not in client.kinds

        backend.clock.advance(0.1)
        node.heartbeats.beat()
        await beats(client, 1)
        backend.clock.advance(15)
        node.heartbeats.beat()
        await beats(client, 2)


async def test_a_heartbeat_carries_the_newest_cursor_so_that_seen_events_are_not_replayed(
    backend: Backend, node: Node
) -> None:
    ann, bob = a_user(), a_user()
    async with node.client(bob) as client:
        await client.caught_up()
        node.heartbeats.beat()
        old = client.cursor
        await node.send(ChatId.direct(ann, bob), ann, "seen")
        await client.saw_text("seen")
        await backend.persist()
        await eventually(lambda: node.hub.watermark.offsets != {})
        backend.clock.advance(15)
        node.heartbeats.beat()
        await beats(client, 1)
    async with node.client(bob, client.cursor) as resumed:
        await resumed.caught_up()

    assert client.cursor != old
    assert resumed.kinds == ["caught_up"]


async def test_a_cursor_never_passes_an_event_that_is_not_stored(backend: Backend, node: Node) -> None:
    ann, bob = a_user(), a_user()
    async with node.client(bob) as client:
        await client.caught_up()
        node.heartbeats.beat()
        await node.send(ChatId.direct(ann, bob), ann, "not stored")
        await client.saw_text("not stored")
        backend.clock.advance(15)
        node.heartbeats.beat()
        await beats(client, 1)
    async with node.client(bob, client.cursor) as resumed:
        await resumed.caught_up()

    assert resumed.texts == ["not stored"]


async def test_a_heartbeat_repeats_a_cursor_that_did_not_move(backend: Backend, node: Node) -> None:
    async with node.client(a_user()) as client:
        await client.caught_up()
        node.heartbeats.beat()
        cursor, client.cursor = client.cursor, ""
        backend.clock.advance(15)
        node.heartbeats.beat()
        await beats(client, 1)

    assert client.cursor == cursor

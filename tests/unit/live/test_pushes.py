"""Live events are pushed to the call while the stream's task sleeps, and only then."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from history.chat_id import ChatId
from services.messaging.live.subscriber import Subscriber
from tests.unit.live.builders import a_live_subscriber, a_user, data_of, stored_delivery, unstored_delivery
from tests.unit.live.harness import Backend, Node
from tests.waiting import eventually


async def test_events_and_the_cursor_are_pushed_or_yielded_in_order(
    node: Node, backend: Backend, *, pushes: bool
) -> None:
    ann, bob = a_user(), a_user()
    chat = ChatId.direct(ann, bob)
    async with node.client(bob) as client:
        await client.caught_up()
        first = client.cursor
        for number in range(20):
            await node.send(chat, ann, f"{number}")
        await client.saw_text("19")
        await backend.persist()
        await eventually(lambda: node.hub.watermark.offsets != {})
        await node.send(chat, ann, "with a cursor")
        await client.saw_text("with a cursor")

    assert client.texts == [*map(str, range(20)), "with a cursor"]
    assert client.cursor != first
    # `caught_up` is yielded in any case.
    assert len(client.pushed) == (client.writes - 1 if pushes else 0)


async def test_streams_that_get_the_same_share_one_response(node: Node, *, pushes: bool) -> None:
    ann, bob, eve = a_user(), a_user(), a_user()
    group = await node.create_group(ann, bob, eve)
    async with node.client(bob) as one, node.client(eve) as other:
        await one.caught_up()
        await other.caught_up()
        for text in ("first", "second"):
            await node.send(group, ann, text)
            await one.saw_text(text)
            await other.saw_text(text)

    assert one.texts == other.texts == ["first", "second"]
    assert bool(one.pushed) == pushes
    assert [*map(id, one.pushed)] == [*map(id, other.pushed)]


async def test_a_client_that_reads_again_gets_what_waited_before_what_is_pushed(node: Node) -> None:
    ann, bob = a_user(), a_user()
    chat = ChatId.direct(ann, bob)
    async with node.client(bob) as client:
        await client.caught_up()
        for round_ in range(5):
            client.may_read.clear()
            for number in range(6):
                await node.send(chat, ann, f"{round_} {number}")
            await asyncio.sleep(0)
            client.may_read.set()
            await node.send(chat, ann, f"{round_} last")
            await client.saw_text(f"{round_} last")

    assert client.texts == [f"{round_} {which}" for round_ in range(5) for which in (*range(6), "last")]


class Pushed:
    """Takes the deliveries of a stream, as Subscribe does."""

    def __init__(self, subscriber: Subscriber) -> None:
        self.data: list[bytes] = []
        self.ready = True
        self._subscriber = subscriber
        subscriber.write_with(self.write)

    def write(self) -> bool:
        if self.ready:
            self.data.append(data_of(self._subscriber.take()))
        return self.ready


@asynccontextmanager
async def asleep(subscriber: Subscriber) -> AsyncIterator["asyncio.Task[None]"]:
    """Yield the task of the stream while it waits."""

    async def wait() -> None:
        await subscriber.wait()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_nothing_is_pushed_before_the_task_sleeps() -> None:
    subscriber = a_live_subscriber()
    pushed = Pushed(subscriber)
    subscriber.push(stored_delivery(b"early"))
    await subscriber.wait()

    assert not pushed.data
    assert data_of(subscriber.take()) == b"early"


async def test_the_task_sleeps_while_events_are_pushed() -> None:
    subscriber = a_live_subscriber()
    pushed = Pushed(subscriber)
    async with asleep(subscriber) as task:
        subscriber.push(stored_delivery(b"one"))
        subscriber.push(unstored_delivery(b"two"))
        await asyncio.sleep(0)

        assert pushed.data == [b"one", b"two"]
        assert not task.done()


async def test_the_task_wakes_up_for_a_client_that_is_slow() -> None:
    subscriber = a_live_subscriber()
    pushed = Pushed(subscriber)
    pushed.ready = False
    async with asleep(subscriber) as task:
        subscriber.push(stored_delivery(b"one"))
        pushed.ready = True
        subscriber.push(stored_delivery(b"two"))
        await task

    assert not pushed.data
    assert data_of(subscriber.take()) == b"onetwo"


@pytest.mark.parametrize("what", ["gap", "drain"])
async def test_what_the_task_must_do_comes_first(what: str) -> None:
    subscriber = a_live_subscriber()
    pushed = Pushed(subscriber)
    async with asleep(subscriber) as task:
        if what == "gap":
            subscriber.lose_events()
        else:
            subscriber.drain(unstored_delivery(b"reconnect"))
        subscriber.push(stored_delivery(b"later"))
        await task

    assert not pushed.data


async def test_a_stream_that_was_cancelled_gets_nothing_more() -> None:
    subscriber = a_live_subscriber()
    pushed = Pushed(subscriber)
    async with asleep(subscriber) as task:
        task.cancel()
        subscriber.push(stored_delivery())

    assert not pushed.data


async def test_a_closed_stream_is_freed_at_once() -> None:
    gc.disable()
    try:
        subscriber = a_live_subscriber()
        pushed = weakref.ref(Pushed(subscriber))
        subscriber.close()

        assert pushed() is None
    finally:
        gc.enable()

"""The queue of one stream: joined bytes, its bounds, and when its reader is woken."""

import asyncio

from services.messaging.live.send_queue import MAX_BYTES, MAX_EVENTS
from tests.unit.live.builders import a_queue, data_of, stored_delivery, unstored_delivery


def test_queued_deliveries_are_taken_as_one_piece_in_order() -> None:
    queue = a_queue()
    for data in (b"a", b"b", b"c"):
        queue.add(stored_delivery(data))

    assert data_of(queue.take()) == b"abc"
    assert data_of(queue.take()) == b""


def test_a_full_queue_refuses_one_more_event() -> None:
    queue = a_queue()
    added = [queue.add(stored_delivery(b"e")) for _ in range(MAX_EVENTS + 1)]

    assert added == [True] * MAX_EVENTS + [False]
    assert data_of(queue.take()) == b"e" * MAX_EVENTS


def test_a_queue_holds_exactly_the_maximum_of_bytes() -> None:
    queue = a_queue()
    added = [queue.add(stored_delivery(b"e" * (MAX_BYTES // 16))) for _ in range(16)]

    assert all(added)
    assert not queue.add(stored_delivery(b"e"))
    assert len(data_of(queue.take())) == MAX_BYTES


def test_a_queue_has_space_again_after_take_clear_and_keep() -> None:
    queue = a_queue()
    for make_space in (queue.take, queue.clear, lambda: queue.keep(lambda _: False)):
        assert queue.add(stored_delivery(b"e" * MAX_BYTES))
        make_space()

    assert queue.add(stored_delivery(b"e" * MAX_BYTES))


def test_a_last_delivery_fits_into_a_full_queue() -> None:
    queue = a_queue()
    for _ in range(MAX_EVENTS):
        queue.add(stored_delivery(b"e"))
    queue.add_last(unstored_delivery(b"reconnect"))

    assert data_of(queue.take()).endswith(b"reconnect")


async def test_a_wait_ends_with_the_next_delivery_and_not_before() -> None:
    queue = a_queue()
    waiting = asyncio.create_task(queue.wait())
    await asyncio.sleep(0)
    assert not waiting.done()

    queue.add(stored_delivery())
    async with asyncio.timeout(5):
        await waiting


async def test_a_reader_that_was_woken_before_it_waits_does_not_wait() -> None:
    queue = a_queue()
    queue.wake()

    async with asyncio.timeout(5):
        await queue.wait()

"""The bounded queue of one stream: joined bytes, what is shed first, and how it ends."""

import asyncio
from uuid import uuid1

import pytest

from kernel.errors import ChatlyError, Code, KernelReason, unavailable
from services.messaging.errors import MessagingReason
from services.messaging.live.outbox import MAX_BYTES, MAX_EVENTS, Delivery, Outbox


def an_outbox() -> Outbox:
    """One whose reader is live."""
    outbox = Outbox()
    outbox.holding = False
    return outbox


def lasting(data: bytes = b"event") -> Delivery:
    return Delivery(data, uuid1())


def fleeting(data: bytes = b"typing") -> Delivery:
    return Delivery(data)


def test_what_queued_up_is_taken_as_one_piece_in_order() -> None:
    outbox = an_outbox()
    for data in (b"a", b"b", b"c"):
        outbox.push(lasting(data))

    assert outbox.take() == b"abc"
    assert outbox.take() == b""


def test_when_room_is_short_typing_goes_first() -> None:
    outbox = an_outbox()
    outbox.push(fleeting())
    for _ in range(MAX_EVENTS):
        outbox.push(lasting(b"e"))
    outbox.push(fleeting())

    assert outbox.take() == b"e" * MAX_EVENTS


@pytest.mark.parametrize(
    ("number", "size"), [(MAX_EVENTS + 1, 1), (17, MAX_BYTES // 16)], ids=["too many events", "too many bytes"]
)
def test_a_reader_that_leaves_too_much_unread_is_ended(number: int, size: int) -> None:
    outbox = an_outbox()
    for _ in range(number):
        outbox.push(lasting(b"e" * size))

    with pytest.raises(ChatlyError) as caught:
        outbox.take()

    assert caught.value.reason == MessagingReason.SLOW_READER
    assert caught.value.code is Code.RESOURCE_EXHAUSTED
    assert caught.value.retry_after


def test_exactly_as_much_as_is_allowed_is_kept() -> None:
    outbox = an_outbox()
    for _ in range(16):
        outbox.push(lasting(b"e" * (MAX_BYTES // 16)))

    assert len(outbox.take()) == MAX_BYTES


def test_while_its_reader_replays_an_outbox_asks_for_another_replay_instead() -> None:
    outbox = Outbox()
    for _ in range(MAX_EVENTS + 1):
        outbox.push(lasting())

    assert outbox.gap
    assert outbox.take() == b""


async def test_a_wait_ends_with_the_next_push_and_not_before() -> None:
    outbox = an_outbox()
    waiting = asyncio.create_task(outbox.wait())
    await asyncio.sleep(0)
    assert not waiting.done()

    outbox.push(lasting())
    async with asyncio.timeout(5):
        await waiting


async def test_what_happened_before_the_wait_is_not_missed() -> None:
    outbox = an_outbox()
    outbox.ask_for_replay()
    async with asyncio.timeout(5):
        await outbox.wait()

    assert outbox.gap


def test_a_last_word_comes_last_and_nothing_after_it() -> None:
    outbox = an_outbox()
    outbox.push(lasting(b"event,"))
    outbox.finish(fleeting(b"reconnect"))
    outbox.push(lasting(b"too late"))

    assert not outbox.finished
    assert outbox.take() == b"event,reconnect"
    assert outbox.finished


def test_a_last_word_finds_room_in_a_full_outbox() -> None:
    outbox = an_outbox()
    for _ in range(MAX_EVENTS):
        outbox.push(lasting(b"e"))
    outbox.finish(fleeting(b"reconnect"))

    assert outbox.take().endswith(b"reconnect")


def test_a_failed_outbox_keeps_nothing_and_takes_nothing() -> None:
    outbox = an_outbox()
    outbox.fail(unavailable(KernelReason.STORE_UNAVAILABLE, "away"))
    outbox.push(lasting())

    with pytest.raises(ChatlyError):
        outbox.take()

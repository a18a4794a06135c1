"""Busy streams get several events in one write; all others get each event at once."""

import pytest

from services.messaging.live.send_queue import (
    DELAY_PER_STREAM,
    LONGEST_DELAY,
    SHORTEST_DELAY,
    SPACING,
    WRITES_AHEAD,
    SendQueue,
    WriteBatcher,
)
from tests.unit.live.builders import FakeTimer, data_of, stored_delivery, unstored_delivery


class Stream(SendQueue):
    """Takes the queue as soon as it is woken, and records each write."""

    def __init__(self, batcher: WriteBatcher) -> None:
        super().__init__(batcher)
        self.written: list[bytes] = []

    def wake(self) -> None:
        if deliveries := self.take():
            self.written.append(data_of(deliveries))


def push_all(stream: Stream, data: bytes) -> None:
    """Each byte is an event."""
    for at in range(len(data)):
        stream.add(stored_delivery(data[at : at + 1]))


def busy(batcher: WriteBatcher, count: int = 1) -> list[Stream]:
    """Streams that have used up their writes ahead."""
    streams = [Stream(batcher) for _ in range(count)]
    for stream in streams:
        push_all(stream, b"x" * WRITES_AHEAD)
        stream.written.clear()
    return streams


def test_events_far_apart_are_written_at_once() -> None:
    timer = FakeTimer()
    (stream,) = busy(WriteBatcher(timer))

    for data in (b"a", b"b", b"c", b"d", b"e"):
        timer.advance(SPACING)
        stream.add(stored_delivery(data))
        assert stream.written[-1] == data

    assert timer.pending == 0


def test_the_first_events_of_a_burst_are_written_at_once_and_the_rest_together() -> None:
    timer = FakeTimer()
    stream = Stream(WriteBatcher(timer))

    push_all(stream, b"abcdefg")
    before = list(stream.written)
    timer.advance(SHORTEST_DELAY)

    assert before == [b"a", b"b", b"c", b"d"]
    assert stream.written == [*before, b"efg"]


def test_events_share_writes_as_long_as_the_stream_is_busy() -> None:
    timer = FakeTimer()
    (stream,) = busy(WriteBatcher(timer))

    for data in (b"ab", b"cd", b"ef"):
        push_all(stream, data)
        timer.advance(SHORTEST_DELAY)

    assert stream.written == [b"ab", b"cd", b"ef"]


def test_after_a_pause_nothing_is_delayed_even_after_a_long_burst() -> None:
    timer = FakeTimer()
    (stream,) = busy(WriteBatcher(timer))
    for _ in range(1_000):
        stream.add(stored_delivery(b"y"))
        timer.advance(SHORTEST_DELAY)
    stream.written.clear()

    timer.advance(WRITES_AHEAD * SPACING)
    push_all(stream, b"abcd")

    assert stream.written == [b"a", b"b", b"c", b"d"]


def test_all_streams_of_a_node_share_one_timer() -> None:
    timer = FakeTimer()
    streams = busy(WriteBatcher(timer), 5)

    for stream in streams:
        push_all(stream, b"cd")

    assert timer.pending == 1
    timer.advance(SHORTEST_DELAY)
    assert [stream.written for stream in streams] == [[b"cd"]] * 5


@pytest.mark.parametrize(
    ("count", "delay"), [(10, SHORTEST_DELAY), (100, 100 * DELAY_PER_STREAM), (500, LONGEST_DELAY)]
)
def test_the_delay_grows_with_the_number_of_delayed_streams(count: int, delay: float) -> None:
    timer = FakeTimer()
    streams = busy(WriteBatcher(timer), count)
    for stream in streams:
        stream.add(stored_delivery(b"a"))
    timer.advance(SHORTEST_DELAY)

    for stream in streams:
        stream.add(stored_delivery(b"b"))
    timer.advance(delay * 0.99)
    before = [stream.written for stream in streams if stream.written != [b"a"]]
    timer.advance(delay * 0.02)

    assert before == []
    assert [stream.written for stream in streams] == [[b"a", b"b"]] * count


def test_the_last_delivery_of_a_stream_is_not_delayed() -> None:
    timer = FakeTimer()
    (stream,) = busy(WriteBatcher(timer))
    stream.add(stored_delivery(b"a"))

    stream.add_last(unstored_delivery(b"reconnect"))

    assert stream.written == [b"areconnect"]
    timer.advance(SHORTEST_DELAY)
    assert stream.written == [b"areconnect"]

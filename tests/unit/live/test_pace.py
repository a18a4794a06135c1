"""Streams that get one event after the other get several in one write; all others get each at once."""

from collections.abc import Callable
from uuid import uuid1

import pytest

from services.messaging.live.outbox import Delivery, Outbox
from services.messaging.live.pace import AT_ONCE, LINGER_EACH, LONGEST_LINGER, SHORTEST_LINGER, SPACING, Pace


class FakeTimer:
    def __init__(self) -> None:
        self.now = 100.0
        self._due: list[tuple[float, Callable[[], object]]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[[], object], /) -> object:
        self._due.append((self.now + delay, callback))
        return None

    def pass_by(self, seconds: float) -> None:
        self.now += seconds
        due = [callback for at, callback in self._due if at <= self.now]
        self._due = [(at, callback) for at, callback in self._due if at > self.now]
        for callback in due:
            callback()

    @property
    def set(self) -> int:
        return len(self._due)


class Stream(Outbox):
    """Takes what waits as soon as it is told to look, and notes the pieces."""

    def __init__(self, pace: Pace) -> None:
        super().__init__(pace)
        self.holding = False
        self.written: list[bytes] = []

    def look(self) -> None:
        if data := self.take():
            self.written.append(data)


def event(data: bytes) -> Delivery:
    return Delivery(data, uuid1())


def push_all(stream: Stream, data: bytes) -> None:
    """Each byte is an event."""
    for at in range(len(data)):
        stream.push(event(data[at : at + 1]))


def hot(pace: Pace, count: int = 1) -> list[Stream]:
    """Streams that have used up what they have ahead, and wrote it."""
    streams = [Stream(pace) for _ in range(count)]
    for stream in streams:
        push_all(stream, b"x" * AT_ONCE)
        stream.written.clear()
    return streams


def test_events_that_are_apart_are_written_at_once() -> None:
    timer = FakeTimer()
    (stream,) = hot(Pace(timer))

    for data in (b"a", b"b", b"c", b"d", b"e"):
        timer.pass_by(SPACING)
        stream.push(event(data))
        assert stream.written[-1] == data

    assert timer.set == 0


def test_the_first_of_a_burst_are_written_at_once_and_the_rest_together() -> None:
    timer = FakeTimer()
    stream = Stream(Pace(timer))

    push_all(stream, b"abcdefg")
    before = list(stream.written)
    timer.pass_by(SHORTEST_LINGER)

    assert before == [b"a", b"b", b"c", b"d"]
    assert stream.written == [*before, b"efg"]


def test_while_events_go_on_to_come_they_go_on_to_share_writes() -> None:
    timer = FakeTimer()
    (stream,) = hot(Pace(timer))

    for data in (b"ab", b"cd", b"ef"):
        push_all(stream, data)
        timer.pass_by(SHORTEST_LINGER)

    assert stream.written == [b"ab", b"cd", b"ef"]


def test_after_a_calm_nothing_is_delayed_however_long_the_burst_was() -> None:
    timer = FakeTimer()
    (stream,) = hot(Pace(timer))
    for _ in range(1_000):
        stream.push(event(b"y"))
        timer.pass_by(SHORTEST_LINGER)
    stream.written.clear()

    timer.pass_by(AT_ONCE * SPACING)
    push_all(stream, b"abcd")

    assert stream.written == [b"a", b"b", b"c", b"d"]


def test_all_streams_of_a_node_share_one_timer() -> None:
    timer = FakeTimer()
    streams = hot(Pace(timer), 5)

    for stream in streams:
        push_all(stream, b"cd")

    assert timer.set == 1
    timer.pass_by(SHORTEST_LINGER)
    assert [stream.written for stream in streams] == [[b"cd"]] * 5


@pytest.mark.parametrize(("count", "linger"), [(10, SHORTEST_LINGER), (100, 100 * LINGER_EACH), (500, LONGEST_LINGER)])
def test_the_more_linger_the_longer(count: int, linger: float) -> None:
    timer = FakeTimer()
    streams = hot(Pace(timer), count)
    for stream in streams:
        stream.push(event(b"a"))
    timer.pass_by(SHORTEST_LINGER)

    for stream in streams:
        stream.push(event(b"b"))
    timer.pass_by(linger * 0.99)
    before = [stream.written for stream in streams if stream.written != [b"a"]]
    timer.pass_by(linger * 0.02)

    assert before == []
    assert [stream.written for stream in streams] == [[b"a", b"b"]] * count


def test_the_last_word_of_a_stream_does_not_wait() -> None:
    timer = FakeTimer()
    (stream,) = hot(Pace(timer))
    stream.push(event(b"a"))

    stream.finish(Delivery(b"reconnect"))

    assert stream.written == [b"areconnect"]
    timer.pass_by(SHORTEST_LINGER)
    assert stream.written == [b"areconnect"]

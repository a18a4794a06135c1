"""Streams that get one event after the other get several in one write; all others get each at once."""

from collections.abc import Callable
from uuid import uuid1

from services.messaging.live.outbox import Delivery, Outbox
from services.messaging.live.pace import CALM, LINGER, Pace


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


def test_events_that_are_apart_are_written_at_once() -> None:
    timer = FakeTimer()
    stream = Stream(Pace(timer))

    for data in (b"a", b"b", b"c", b"d", b"e"):
        stream.push(event(data))
        assert stream.written[-1] == data
        timer.pass_by(CALM)

    assert timer.set == 0


def test_the_first_of_a_burst_are_written_at_once_and_the_rest_together() -> None:
    timer = FakeTimer()
    stream = Stream(Pace(timer))

    for data in (b"a", b"b", b"c", b"d", b"e"):
        stream.push(event(data))
    before = list(stream.written)
    timer.pass_by(LINGER)

    assert before == [b"a", b"b"]
    assert stream.written == [b"a", b"b", b"cde"]


def test_after_a_calm_nothing_is_delayed() -> None:
    timer = FakeTimer()
    stream = Stream(Pace(timer))
    for data in (b"a", b"b", b"c"):
        stream.push(event(data))
    timer.pass_by(LINGER)
    timer.pass_by(CALM)

    stream.push(event(b"d"))

    assert stream.written == [b"a", b"b", b"c", b"d"]


def test_all_streams_of_a_node_share_one_timer() -> None:
    timer = FakeTimer()
    pace = Pace(timer)
    streams = [Stream(pace) for _ in range(5)]

    for data in (b"a", b"b", b"c", b"d"):
        for stream in streams:
            stream.push(event(data))

    assert timer.set == 1
    timer.pass_by(LINGER)
    assert [stream.written for stream in streams] == [[b"a", b"b", b"cd"]] * 5


def test_the_last_word_of_a_stream_does_not_wait() -> None:
    timer = FakeTimer()
    stream = Stream(Pace(timer))
    for data in (b"a", b"b", b"c"):
        stream.push(event(data))

    stream.finish(Delivery(b"reconnect"))

    assert stream.written == [b"a", b"b", b"creconnect"]
    timer.pass_by(LINGER)
    assert len(stream.written) == 3

"""Users, deliveries, and queues and subscribers with a timer that the test moves."""

from collections.abc import Callable, Iterable
from uuid import uuid1

from kernel.ids import UserId
from services.messaging.live.encoding import Delivery
from services.messaging.live.send_queue import SendQueue, WriteBatcher
from services.messaging.live.subscriber import Subscriber
from tests.builders import an_id


class FakeTimer:
    """A Timer whose time passes only when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0
        self._due: list[tuple[float, Callable[[], object]]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[[], object], /) -> object:
        self._due.append((self.now + delay, callback))
        return None

    def advance(self, seconds: float) -> None:
        self.now += seconds
        due = [callback for at, callback in self._due if at <= self.now]
        self._due = [(at, callback) for at, callback in self._due if at > self.now]
        for callback in due:
            callback()

    @property
    def pending(self) -> int:
        """How many calls are scheduled."""
        return len(self._due)


def a_user() -> UserId:
    return UserId(an_id())


def stored_delivery(data: bytes = b"event") -> Delivery:
    return Delivery(data, uuid1())


def unstored_delivery(data: bytes = b"typing") -> Delivery:
    return Delivery(data)


def data_of(deliveries: Iterable[Delivery]) -> bytes:
    """The joined bytes of deliveries."""
    return b"".join(delivery.data for delivery in deliveries)


def a_queue() -> SendQueue:
    return SendQueue(WriteBatcher(FakeTimer()))


def a_subscriber() -> Subscriber:
    """A stream that has just started."""
    return Subscriber(a_user(), WriteBatcher(FakeTimer()))


def a_live_subscriber() -> Subscriber:
    subscriber = a_subscriber()
    subscriber.go_live({})
    return subscriber

"""The bounded queue of one stream, and the batcher that lets a busy stream write several events at once."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from services.messaging.live.encoding import Delivery

MAX_BYTES = 1 << 20
MAX_EVENTS = 4_096

SPACING = 0.1
"""Seconds per write. A stream whose writes are at least this far apart is never delayed."""
WRITES_AHEAD = 4
"""Writes that a stream may make without delay after a pause, however close together they are."""
SHORTEST_DELAY, LONGEST_DELAY = 0.005, 0.1
"""Bounds of the delay in seconds. An event is delayed so that other events can share its write."""
DELAY_PER_STREAM = 0.0003
"""Seconds that each delayed stream adds to the delay. A write takes a tenth to a third of this time."""


class Timer(Protocol):
    """The part of an event loop that the batcher uses."""

    def time(self) -> float: ...

    def call_later(self, delay: float, callback: Callable[[], object], /) -> object: ...


class SendQueue:
    """Deliveries that wait to be written to one stream. One task reads the queue, unless `write_with` was called."""

    __slots__ = ("_batcher", "_bytes", "_deliveries", "_waiting", "_woken", "_write", "delayed", "written_until")

    def __init__(self, batcher: "WriteBatcher") -> None:
        self.delayed = False
        """Whether the batcher will write the queue later. Only the batcher sets this."""
        self.written_until = 0.0
        """The time at which the writes so far would end at one write per SPACING. Only the batcher sets this."""
        self._batcher = batcher
        # The queue is empty most of the time, and an empty deque takes ten times as much memory as an empty list.
        self._deliveries: list[Delivery] = []
        self._bytes = 0
        # These two do the work of an asyncio.Event, but with thousands of streams take a third of its time and memory.
        self._woken = False
        self._waiting: asyncio.Future[None] | None = None
        self._write: Callable[[], bool] | None = None

    def write_with(self, write: Callable[[], bool] | None) -> None:
        """Let `write` take and write deliveries while the reader sleeps. It returns False if the reader must do it."""
        self._write = write

    def add(self, delivery: Delivery) -> bool:
        """Append a delivery, to be written now or soon; return False if the queue has no room for it."""
        size = len(delivery.data)
        if self._bytes + size > MAX_BYTES or len(self._deliveries) >= MAX_EVENTS:
            return False
        self._deliveries.append(delivery)
        self._bytes += size
        if not self._woken:
            self._batcher.notify(self)
        return True

    def add_last(self, delivery: Delivery) -> None:
        """Append a delivery, even to a full queue, and wake the reader."""
        self._deliveries.append(delivery)
        self._bytes += len(delivery.data)
        self.wake()

    def keep(self, condition: Callable[[Delivery], bool]) -> None:
        """Keep only the deliveries that meet the condition."""
        self._deliveries = [delivery for delivery in self._deliveries if condition(delivery)]
        self._bytes = sum(len(delivery.data) for delivery in self._deliveries)

    def clear(self) -> None:
        """Drop all deliveries."""
        self._deliveries.clear()
        self._bytes = 0

    def take(self) -> list[Delivery]:
        """Remove all deliveries and return them."""
        deliveries, self._deliveries = self._deliveries, []
        self._bytes = 0
        return deliveries

    def write(self) -> None:
        """Write the deliveries now, or wake the reader."""
        # A reader that is awake, or was woken for another reason, comes first: what it writes precedes the deliveries.
        sleeps = self._waiting is not None and not self._waiting.done()
        if not sleeps or self._write is None or not self._write():
            self.wake()

    def wake(self) -> None:
        """Let the reader's current or next `wait` return now."""
        self._woken = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def wait(self) -> None:
        """Return once `wake` has been called since the last return."""
        if not self._woken:
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        self._woken = False


class WriteBatcher:
    """Decides when a queue is written: at once, or a little later together with other queues.

    A write costs as much as the work for ten events. So a stream with more than about ten events a second gets the
    events of a short time in one write. Any other stream gets each event at once. The more streams are delayed, the
    longer the delay is, so that the node keeps time for other work. All delayed streams share one timer.
    """

    def __init__(self, timer: Timer) -> None:
        self._timer = timer
        self._delayed: list[SendQueue] = []
        self._last_batch = 0
        """The number of queues that the timer wrote last time."""

    def notify(self, queue: SendQueue) -> None:
        """Write the queue now or soon."""
        if queue.delayed:
            return
        now = self._timer.time()
        if queue.written_until - now > (WRITES_AHEAD - 1) * SPACING:
            self._delay(queue)
        else:
            self._write(queue, now)

    def _delay(self, queue: SendQueue) -> None:
        if not self._delayed:
            delay = min(max(SHORTEST_DELAY, DELAY_PER_STREAM * self._last_batch), LONGEST_DELAY)
            self._timer.call_later(delay, self._write_delayed)
        queue.delayed = True
        self._delayed.append(queue)

    def _write_delayed(self) -> None:
        queues, self._delayed = self._delayed, []
        self._last_batch = len(queues)
        now = self._timer.time()
        for queue in queues:
            queue.delayed = False
            self._write(queue, now)

    def _write(self, queue: SendQueue, now: float) -> None:
        queue.written_until = min(max(queue.written_until, now), now + (WRITES_AHEAD - 1) * SPACING) + SPACING
        queue.write()

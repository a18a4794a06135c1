"""The live bus within one process, and the inbox and metrics that all bus adapters share."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence

from prometheus_client import Counter, Gauge

from kernel.bus.ports import BusGap, BusMessage, BusSubscription
from kernel.telemetry.metrics import counter, gauge


def up_gauge() -> Gauge:
    """Return the gauge that shows `LiveBus.up`."""
    return gauge("chatly_bus_up", "1 while live messages reach other processes.")


def dropped_counter() -> Counter:
    """Return the counter of messages that could not be sent."""
    return counter("chatly_bus_dropped_total", "Live messages that could not be sent")


class Inbox:
    """The unread messages of one subscription. Only the thread of the event loop may use it."""

    def __init__(self, *, capacity: int) -> None:
        self._queue: deque[BusMessage | BusGap] = deque()
        self._capacity = capacity
        self._arrived = asyncio.Event()

    def push(self, message: BusMessage | BusGap) -> None:
        """Add a message. If the inbox is full, first replace its content by a BusGap."""
        if len(self._queue) >= self._capacity:
            self._queue.clear()
            self._queue.append(BusGap())
        self._queue.append(message)
        self._arrived.set()

    async def take(self) -> Sequence[BusMessage | BusGap]:
        """Wait until at least one message is unread, then return all unread messages."""
        await self._arrived.wait()
        self._arrived.clear()
        batch = list(self._queue)
        self._queue.clear()
        return batch


class MemoryBus:
    """LiveBus for the embedded default: channels are dictionary keys."""

    def __init__(self, *, capacity: int = 65_536) -> None:
        """`capacity`: number of unread messages that a subscription may have before a BusGap replaces them."""
        self._capacity = capacity
        self._inboxes: dict[str, set[Inbox]] = {}
        up_gauge().set(1)
        dropped_counter()

    @property
    def up(self) -> bool:
        return True

    async def publish(self, messages: Sequence[BusMessage]) -> None:
        for message in messages:
            for inbox in self._inboxes.get(message.channel, ()):
                inbox.push(message)

    async def deliver(self, messages: Sequence[BusMessage | BusGap]) -> None:
        for message in messages:
            if isinstance(message, BusGap):
                for inbox in {inbox for inboxes in self._inboxes.values() for inbox in inboxes}:
                    inbox.push(message)
            else:
                await self.publish([message])

    def subscribe(self) -> BusSubscription:
        return MemorySubscription(self._inboxes, self._capacity)


class MemorySubscription:
    """BusSubscription of MemoryBus."""

    def __init__(self, inboxes: dict[str, set[Inbox]], capacity: int) -> None:
        self._inboxes = inboxes
        self._inbox = Inbox(capacity=capacity)
        self._channels: set[str] = set()

    async def add(self, channels: Iterable[str]) -> None:
        for channel in channels:
            self._channels.add(channel)
            self._inboxes.setdefault(channel, set()).add(self._inbox)

    async def remove(self, channels: Iterable[str]) -> None:
        for channel in channels:
            self._channels.discard(channel)
            inboxes = self._inboxes.get(channel)
            if inboxes is not None:
                inboxes.discard(self._inbox)
                if not inboxes:
                    del self._inboxes[channel]

    async def receive(self) -> Sequence[BusMessage | BusGap]:
        return await self._inbox.take()

    async def close(self) -> None:
        await self.remove(list(self._channels))

"""The live bus within one process."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence

from kernel.bus.ports import BusGap, BusMessage, BusSubscription


class Inbox:
    """Filled on the loop's own thread. When it is full what is in it gives way to a BusGap."""

    def __init__(self, *, capacity: int) -> None:
        self._queue: deque[BusMessage | BusGap] = deque()
        self._capacity = capacity
        self._arrived = asyncio.Event()

    def push(self, message: BusMessage | BusGap) -> None:
        if len(self._queue) >= self._capacity:
            self._queue.clear()
            self._queue.append(BusGap())
        self._queue.append(message)
        self._arrived.set()

    async def take(self) -> Sequence[BusMessage | BusGap]:
        """Everything that has come since the last call, at least one; waits for it."""
        await self._arrived.wait()
        self._arrived.clear()
        batch = list(self._queue)
        self._queue.clear()
        return batch


class MemoryBus:
    """LiveBus for the embedded default: channels are dictionary keys."""

    def __init__(self, *, capacity: int = 65_536) -> None:
        """`capacity`: messages that one subscription may leave unread."""
        self._capacity = capacity
        self._listeners: dict[str, set[MemorySubscription]] = {}

    async def publish(self, messages: Sequence[BusMessage]) -> None:
        for message in messages:
            for listener in self._listeners.get(message.channel, ()):
                listener.push(message)

    def subscribe(self) -> BusSubscription:
        return MemorySubscription(self._listeners, self._capacity)


class MemorySubscription:
    """BusSubscription of MemoryBus."""

    def __init__(self, listeners: "dict[str, set[MemorySubscription]]", capacity: int) -> None:
        self._listeners = listeners
        self._inbox = Inbox(capacity=capacity)
        self._channels: set[str] = set()

    def push(self, message: BusMessage) -> None:
        """Called by the bus, on the loop's own thread."""
        self._inbox.push(message)

    async def add(self, channels: Iterable[str]) -> None:
        for channel in channels:
            self._channels.add(channel)
            self._listeners.setdefault(channel, set()).add(self)

    async def remove(self, channels: Iterable[str]) -> None:
        for channel in channels:
            self._channels.discard(channel)
            listeners = self._listeners.get(channel)
            if listeners is not None:
                listeners.discard(self)
                if not listeners:
                    del self._listeners[channel]

    async def receive(self) -> Sequence[BusMessage | BusGap]:
        return await self._inbox.take()

    async def close(self) -> None:
        await self.remove(list(self._channels))

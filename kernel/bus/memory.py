"""The live bus within one process."""

from collections.abc import Iterable, Sequence

from kernel.bus.inbox import Inbox
from kernel.bus.ports import BusGap, BusMessage, BusSubscription


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

"""The bus channels that this node's streams are on, and one bus subscription for all of them."""

import asyncio
from collections.abc import Collection

from kernel.bus.ports import BusSubscription
from services.messaging.live.subscriber import Phase, Subscriber


class Channel:
    """The streams on one channel."""

    __slots__ = ("last_entry", "subscribers")

    def __init__(self) -> None:
        self.subscribers: set[Subscriber] = set()
        self.last_entry = 0
        """The sequence number at which a stream last entered. That stream receives later messages."""


class Channels:
    """All channels of this node. Streams enter and leave at once; the bus subscription is changed in separate calls."""

    def __init__(self, *, subscription: BusSubscription) -> None:
        self.by_name: dict[str, Channel] = {}
        """Channels with at least one stream. Only this class changes it."""
        self.idle: set[str] = set()
        """Channels whose last stream has left since the last `unsubscribe_idle`. Only this class changes it."""
        self._subscription = subscription
        self._subscribed: set[str] = set()
        self._changing_subscription = asyncio.Lock()

    def enter(self, subscriber: Subscriber, name: str, sequence: int) -> None:
        """Put a stream on a channel from the next sequence number on. The caller must `subscribe` to the channel."""
        if subscriber.phase is Phase.CLOSED:
            return
        channel = self.by_name.setdefault(name, Channel())
        channel.subscribers.add(subscriber)
        channel.last_entry = sequence
        subscriber.enter_channel(name, sequence)

    def leave(self, subscriber: Subscriber, name: str, sequence: int) -> None:
        """Take a stream off a channel after this sequence number. Do nothing if the stream is not on the channel."""
        subscriber.leave_channel(name, sequence)
        channel = self.by_name.get(name)
        if channel is None:
            return
        channel.subscribers.discard(subscriber)
        if not channel.subscribers:
            del self.by_name[name]
            self.idle.add(name)

    async def subscribe(self, names: Collection[str]) -> None:
        """Subscribe to these channels. Messages that are published on them after the return arrive at this node."""
        async with self._changing_subscription:
            new = [name for name in names if name not in self._subscribed]
            if new:
                await self._subscription.add(new)
                self._subscribed.update(new)

    async def unsubscribe_idle(self) -> None:
        """Unsubscribe from channels that no stream is on."""
        if not self.idle:
            return
        async with self._changing_subscription:
            idle = [name for name in self.idle if name not in self.by_name]
            self.idle.clear()
            self._subscribed.difference_update(idle)
            await self._subscription.remove(idle)

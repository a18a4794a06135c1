"""Which streams hear which channels of the live bus; the bus is asked for a channel as long as somebody does."""

import asyncio
from collections.abc import Collection

from kernel.bus.ports import BusSubscription
from services.messaging.live.reader import Reader


class Channel:
    """The streams on one channel."""

    __slots__ = ("newest", "readers")

    def __init__(self) -> None:
        self.readers: set[Reader] = set()
        self.newest = 0
        """The turn in which the last stream came."""


class Channels:
    """All channels of this node. Who comes and goes is noted at once; the bus follows."""

    def __init__(self, *, subscription: BusSubscription) -> None:
        self._subscription = subscription
        self._channels: dict[str, Channel] = {}
        self._heard: set[str] = set()
        self._deserted: set[str] = set()
        self._asking_bus = asyncio.Lock()

    def get(self, name: str) -> Channel | None:
        """None: nobody hears it."""
        return self._channels.get(name)

    def enter(self, reader: Reader, name: str, turn: int) -> None:
        """Note that a stream hears a channel from the next turn on; `listen` makes it true."""
        if reader.gone:
            return
        channel = self._channels.setdefault(name, Channel())
        channel.readers.add(reader)
        channel.newest = turn
        reader.enter(name, turn)

    def leave(self, reader: Reader, name: str, turn: int) -> None:
        """Nothing happens if it does not hear the channel."""
        reader.leave(name, turn)
        channel = self._channels.get(name)
        if channel is None:
            return
        channel.readers.discard(reader)
        if not channel.readers:
            del self._channels[name]
            self._deserted.add(name)

    async def listen(self, names: Collection[str]) -> None:
        """On return everything published on these channels arrives here."""
        async with self._asking_bus:
            new = [name for name in names if name not in self._heard]
            if new:
                await self._subscription.add(new)
                self._heard.update(new)

    async def forget_deserted(self) -> None:
        """Tell the bus about channels that nobody hears any more."""
        if not self._deserted:
            return
        async with self._asking_bus:
            gone = [name for name in self._deserted if name not in self._channels]
            self._deserted.clear()
            self._heard.difference_update(gone)
            await self._subscription.remove(gone)

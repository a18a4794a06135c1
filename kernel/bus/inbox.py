"""What a subscription has heard and nobody has read yet. Bounded."""

import asyncio
from collections import deque
from collections.abc import Sequence

from kernel.bus.ports import BusGap, BusMessage


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

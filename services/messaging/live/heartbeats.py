"""A word to every stream at even intervals, with the newest cursor, so that a silent stall shows."""

import asyncio

from kernel.time import Clock
from services.messaging.live.hub import Hub
from services.messaging.live.outbox import Delivery
from services.messaging.live.ports import StreamWire

INTERVAL = 15.0
_LOOK_EVERY = 0.5


class Heartbeats:
    """One loop for all streams of the node; each has its own beat, so that they are spread over time."""

    def __init__(self, *, hub: Hub, wire: StreamWire, clock: Clock, interval: float = INTERVAL) -> None:
        """`interval`: seconds."""
        self._hub = hub
        self._clock = clock
        self._interval = interval
        self._heartbeat = Delivery(wire.heartbeat())

    async def run(self) -> None:
        """For ever."""
        while True:
            self.beat()
            await asyncio.sleep(_LOOK_EVERY)

    def beat(self) -> None:
        """Give a heartbeat to every stream whose turn it is; one that is replaying is being written to anyway."""
        now = self._clock.monotonic()
        for reader in self._hub.readers:
            if reader.beat_due is None:
                reader.beat_due = now + self._interval
            elif now >= reader.beat_due:
                reader.beat_due = now + self._interval
                if not reader.outbox.holding:
                    reader.cursor_due = True
                    reader.outbox.push(self._heartbeat)

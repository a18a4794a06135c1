"""Acts on all streams of a node: sends heartbeats, and drains the streams when the node stops."""

import asyncio
import secrets
from collections.abc import Callable

from kernel.time import Clock
from services.messaging.live.encoding import Delivery, SignalEncoder
from services.messaging.live.hub import Hub

HEARTBEAT_SECONDS = 15.0
_CHECK_SECONDS = 0.5
MAX_RECONNECT_MS = 2_000


class Heartbeats:
    """Sends heartbeats to all streams in one loop.

    A client whose stream stalls notices that heartbeats are missing. Each heartbeat is written with the newest cursor.
    """

    def __init__(self, *, hub: Hub, encoder: SignalEncoder, clock: Clock, interval: float = HEARTBEAT_SECONDS) -> None:
        """`interval`: seconds between two heartbeats of a stream. Each stream counts from its own start."""
        self._hub = hub
        self._clock = clock
        self._interval = interval
        self._heartbeat = Delivery(encoder.heartbeat())

    async def run(self) -> None:
        """Send heartbeats until cancelled."""
        while True:
            self.beat()
            await asyncio.sleep(_CHECK_SECONDS)

    def beat(self) -> None:
        """Send a heartbeat to every stream for which one is due."""
        now = self._clock.monotonic()
        for subscriber in self._hub.subscribers:
            subscriber.heartbeat(self._heartbeat, now=now, interval=self._interval)


def random_delay_ms() -> int:
    """Return a random delay up to MAX_RECONNECT_MS, so that the clients of a node do not all reconnect at once."""
    return secrets.randbelow(MAX_RECONNECT_MS + 1)


class Drain:
    """Refuses new streams, and ends every stream with `reconnect` after the events in its queue."""

    def __init__(self, *, hub: Hub, encoder: SignalEncoder, delay_ms: Callable[[], int] = random_delay_ms) -> None:
        self._hub = hub
        self._encoder = encoder
        self._delay_ms = delay_ms

    async def __call__(self) -> None:
        self._hub.refuse_new()
        for subscriber in self._hub.subscribers:
            subscriber.drain(Delivery(self._encoder.reconnect(self._delay_ms())))

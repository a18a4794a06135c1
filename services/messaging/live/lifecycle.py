"""Acts on all streams of a node at once: heartbeats at even intervals, and the drain when the node stops."""

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
    """One loop for all streams. A heartbeat carries the newest cursor, so that clients notice a stream that stalls."""

    def __init__(self, *, hub: Hub, encoder: SignalEncoder, clock: Clock, interval: float = HEARTBEAT_SECONDS) -> None:
        """`interval`: seconds between two heartbeats of a stream; each stream counts from its own start."""
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
    """Return 0 to MAX_RECONNECT_MS, so that the clients of a node do not all reconnect at once."""
    return secrets.randbelow(MAX_RECONNECT_MS + 1)


class Drain:
    """Ends every stream with `reconnect` after its queue, and admits no new one."""

    def __init__(self, *, hub: Hub, encoder: SignalEncoder, delay_ms: Callable[[], int] = random_delay_ms) -> None:
        self._hub = hub
        self._encoder = encoder
        self._delay_ms = delay_ms

    async def __call__(self) -> None:
        self._hub.refuse_new()
        for subscriber in self._hub.subscribers:
            subscriber.drain(Delivery(self._encoder.reconnect(self._delay_ms())))

"""Sends all streams of this node elsewhere when it goes away."""

import secrets
from collections.abc import Callable

from services.messaging.live.hub import Hub
from services.messaging.live.outbox import Delivery
from services.messaging.live.ports import StreamWire

MAX_DELAY_MS = 2_000


def by_chance() -> int:
    """Milliseconds, up to MAX_DELAY_MS: so that not all clients come to the other nodes at once."""
    return secrets.randbelow(MAX_DELAY_MS + 1)


class Drain:
    """Ends every stream with `reconnect`, after what was waiting for it, and lets no new one in."""

    def __init__(self, *, hub: Hub, wire: StreamWire, delay_ms: Callable[[], int] = by_chance) -> None:
        self._hub = hub
        self._wire = wire
        self._delay_ms = delay_ms

    async def __call__(self) -> None:
        self._hub.refuse_new()
        for reader in self._hub.readers:
            reader.outbox.finish(Delivery(self._wire.reconnect(self._delay_ms())))

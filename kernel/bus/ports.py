"""The live bus: fast, lossy news between nodes. Nothing here is the truth; the log is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class BusMessage:
    """One message as received."""

    channel: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class BusGap:
    """The connection was lost for a while: messages of any channel may be missing. Replay from the log."""


class LiveBus(Protocol):
    """Publish and subscribe by channel name. At most once; in order per publisher and channel.

    What is published on a barrier, a channel that its adapter was told of, comes after all its publisher sent before.
    """

    async def publish(self, messages: Sequence[BusMessage]) -> None:
        """Send, as one burst. Never waits for receivers, never raises: what cannot be sent is dropped and counted."""
        ...

    def subscribe(self) -> "BusSubscription":
        """A new subscription without channels. Close it when done."""
        ...


class BusSubscription(Protocol):
    """What one node hears. Bounded: on overflow the oldest messages are dropped and a BusGap comes instead."""

    async def add(self, channels: Iterable[str]) -> None:
        """Hear these too. On return everything published from now on arrives."""
        ...

    async def remove(self, channels: Iterable[str]) -> None:
        """Hear these no more."""
        ...

    async def receive(self) -> Sequence[BusMessage | BusGap]:
        """Everything that has come since the last call, at least one; waits for it."""
        ...

    async def close(self) -> None:
        """Stop; `receive` is not called again."""
        ...

"""The live bus: fast, lossy messages between nodes. The event log is the source of truth."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class BusMessage:
    """One message, published or received."""

    channel: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class BusGap:
    """Messages of any channel may have been lost. Replay from the log."""


class LiveBus(Protocol):
    """Publish and subscribe by channel name. At most once; in order per publisher and channel.

    The adapter is created with the names of barrier channels. A message on a barrier channel arrives after everything
    that its publisher sent before, on any channel.
    """

    @property
    def up(self) -> bool:
        """Whether other processes can be reached, as far as is known. A failure is noticed within 1.5 s.

        A BusGap follows on every subscription once the bus is up again.
        """
        ...

    async def publish(self, messages: Sequence[BusMessage]) -> None:
        """Send the messages together. Never waits for receivers and never raises: unsent messages are counted.

        The subscriptions of this process get them at once, also while the bus is down.
        """
        ...

    async def deliver(self, messages: Sequence[BusMessage | BusGap]) -> None:
        """Give messages from another source to the subscriptions of this process alone, and a gap to all of them."""
        ...

    def subscribe(self) -> "BusSubscription":
        """Return a new subscription without channels. The caller closes it."""
        ...


class BusSubscription(Protocol):
    """The messages of some channels. Bounded: on overflow, a BusGap replaces all unread messages."""

    async def add(self, channels: Iterable[str]) -> None:
        """Subscribe to channels. Messages that are published after the return arrive."""
        ...

    async def remove(self, channels: Iterable[str]) -> None:
        """Unsubscribe from channels."""
        ...

    async def receive(self) -> Sequence[BusMessage | BusGap]:
        """Wait for the next message, and return everything since the last call."""
        ...

    async def close(self) -> None:
        """End the subscription. `receive` is not called again."""
        ...

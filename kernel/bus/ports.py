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
    """Messages of any channel may have been lost. The receiver must replay the missed events."""


class LiveBus(Protocol):
    """Publish and subscribe by channel name. A message arrives at most once, in order per publisher and channel.

    The adapter is created with the names of the barrier channels. A message on a barrier channel arrives after
    everything that its publisher sent before, on any channel.
    """

    @property
    def up(self) -> bool:
        """Whether other processes can be reached, as far as is known. A failure is noticed within 1.5 s.

        A BusGap follows on every subscription once the bus is up again.
        """
        ...

    async def publish(self, messages: Sequence[BusMessage]) -> None:
        """Send the messages together, without waiting for receivers.

        Never raise: messages that cannot be sent are counted. The subscriptions of this process get all messages at
        once, even while the bus is down.
        """
        ...

    async def deliver(self, messages: Sequence[BusMessage | BusGap]) -> None:
        """Deliver messages from another source to the subscriptions of this process only.

        A message goes to the subscriptions of its channel. A BusGap goes to all subscriptions.
        """
        ...

    def subscribe(self) -> "BusSubscription":
        """Return a new subscription without channels. The caller closes it."""
        ...


class BusSubscription(Protocol):
    """Receives the messages of its channels. When too many are unread, a BusGap replaces all of them."""

    async def add(self, channels: Iterable[str]) -> None:
        """Subscribe to channels. Every message that is published after the return arrives, or a BusGap does."""
        ...

    async def remove(self, channels: Iterable[str]) -> None:
        """Unsubscribe from channels."""
        ...

    async def receive(self) -> Sequence[BusMessage | BusGap]:
        """Wait until at least one message is unread, then return all unread messages."""
        ...

    async def close(self) -> None:
        """End the subscription. The caller must not call `receive` afterwards."""
        ...

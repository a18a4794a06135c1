"""Ports of the presence service."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from kernel.ids import UserId
from services.presence.model import Channel, Connection, CustomStatus, EventGap, OnlineState, PresenceEvent, Profile


class Leases(Protocol):
    """Expiring leases, one per connection; nodes may share them. A user with a lease is online.

    The first lease brings a user online. `remove_expired` takes a user offline when no lease is left.
    Each of these changes increases the user's version.
    """

    async def hold(self, connections: Iterable[Connection], *, ttl: float) -> Sequence[UserId]:
        """Take or renew one lease per connection for `ttl` s from now. Return the users who came online."""
        ...

    async def release(self, connection: Connection, *, grace: float) -> None:
        """Let the connection's lease expire in `grace` s. Do nothing if it has expired already."""
        ...

    async def remove_expired(self) -> Mapping[UserId, datetime]:
        """Remove expired leases. Return the users who went offline and when each was last seen.

        Each change to offline is returned once, to one node.
        """
        ...


class OnlineStates(Protocol):
    """The authority on who is online and on versions."""

    async def read(self, user_ids: Iterable[UserId]) -> Mapping[UserId, OnlineState]:
        """Return one state per user. Versions never decrease, also across restarts."""
        ...

    async def increment_versions(self, user_ids: Iterable[UserId]) -> None:
        """Increase the versions of these users after another part of their state has changed."""
        ...


class ProfileStore(Protocol):
    """Last seen times and custom statuses. Writes are durable on return."""

    async def read(self, user_ids: Iterable[UserId]) -> Mapping[UserId, Profile]:
        """Return the stored profiles; users without one are absent. A status may have expired."""
        ...

    async def record_seen(self, times: Mapping[UserId, datetime]) -> None:
        """Store when these users were last seen. A stored time only moves forward."""
        ...

    async def set_status(self, user_id: UserId, status: CustomStatus | None) -> None:
        """Replace the status; None removes it."""
        ...

    async def erase(self, user_id: UserId) -> None:
        """Delete the user's profile. On return the store's files do not contain it."""
        ...

    async def remove_expired_statuses(self, now: datetime) -> Sequence[UserId]:
        """Remove expired statuses and return their users. Each removal is returned once, to one node."""
        ...


class ContactSource(Protocol):
    """The contact lists, owned by messaging."""

    async def contacts(self, user_id: UserId) -> frozenset[UserId]:
        """Return all users who share a chat with the user. Raise UNAVAILABLE if they cannot be read now."""
        ...


class EventPublisher(Protocol):
    """Publishes events to all nodes, at most once."""

    async def publish(self, events: Sequence[PresenceEvent]) -> None:
        """Publish without waiting for receivers. Never raises: an event that cannot be sent now is dropped."""
        ...


class EventFeed(Protocol):
    """The events that this node receives."""

    async def subscribe(self, channels: Iterable[Channel]) -> None:
        """Add channels. Every event published after the return is received."""
        ...

    async def unsubscribe(self, channels: Iterable[Channel]) -> None:
        """Remove channels."""
        ...

    async def receive(self) -> Sequence[PresenceEvent | EventGap]:
        """Wait for events and return them in order. The result may be empty."""
        ...

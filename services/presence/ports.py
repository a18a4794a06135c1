"""Ports of the presence service."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from kernel.ids import UserId
from services.presence.model import Channel, Connection, CustomStatus, EventGap, OnlineState, PresenceEvent, Profile


class Leases(Protocol):
    """Expiring leases, one per connection. Nodes may share them. A user with a lease is online.

    The first lease brings a user online. `remove_expired` takes a user offline when no lease is left. Each of these two
    changes increases the user's version.
    """

    async def hold(self, connections: Iterable[Connection], *, ttl: float) -> Sequence[UserId]:
        """Take or renew a lease for each connection, for `ttl` seconds from now. Return the users who came online."""
        ...

    async def release(self, connection: Connection, *, grace: float) -> None:
        """Let the connection's lease expire in `grace` seconds. Do nothing if the lease has expired."""
        ...

    async def remove_expired(self) -> Mapping[UserId, datetime]:
        """Remove expired leases. Return the users who went offline, with the time when each was last seen.

        Only one node gets each change to offline, and only once.
        """
        ...


class OnlineStates(Protocol):
    """The one source for who is online, and for the versions of presences."""

    async def read(self, user_ids: Iterable[UserId]) -> Mapping[UserId, OnlineState]:
        """Return one state per user. A user's version never decreases, even across restarts."""
        ...

    async def increment_versions(self, user_ids: Iterable[UserId]) -> None:
        """Increase the versions of these users. Call this after another part of their presence has changed."""
        ...


class ProfileStore(Protocol):
    """Last seen times and custom statuses. Writes are durable on return."""

    async def read(self, user_ids: Iterable[UserId]) -> Mapping[UserId, Profile]:
        """Return the stored profiles. Users without a profile are absent. A returned status may have expired."""
        ...

    async def record_seen(self, times: Mapping[UserId, datetime]) -> None:
        """Store when these users were last seen. An earlier time never replaces a later one."""
        ...

    async def set_status(self, user_id: UserId, status: CustomStatus | None) -> None:
        """Replace the status. None removes it."""
        ...

    async def erase(self, user_id: UserId) -> None:
        """Delete the user's profile. On return, the store's files do not contain it."""
        ...

    async def remove_expired_statuses(self, now: datetime) -> Sequence[UserId]:
        """Remove expired statuses and return their users. Only one node gets each removal, and only once."""
        ...


class ContactSource(Protocol):
    """Contact lists. Messaging owns them."""

    async def contacts(self, user_id: UserId) -> frozenset[UserId]:
        """Return all users whom the user may see. Raise UNAVAILABLE if the list cannot be read now."""
        ...


class EventPublisher(Protocol):
    """Publishes events to all nodes. A node receives each event at most once."""

    async def publish(self, events: Sequence[PresenceEvent]) -> None:
        """Publish without waiting for receivers. Never raise: an event that cannot be sent now is dropped."""
        ...


class EventFeed(Protocol):
    """The events that this node receives."""

    async def subscribe(self, channels: Iterable[Channel]) -> None:
        """Add channels. `receive` returns every event published on them after this call, or an EventGap."""
        ...

    async def unsubscribe(self, channels: Iterable[Channel]) -> None:
        """Remove channels."""
        ...

    async def receive(self) -> Sequence[PresenceEvent | EventGap]:
        """Wait for events and return them in order. The result may be empty."""
        ...

"""What presence needs from outside, each as small as its user allows."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from kernel.ids import UserId
from services.presence.model import Channel, Connection, CustomStatus, News, NewsGap, Profile, Reachability


class Leases(Protocol):
    """Who is online: whoever has a lease that has not run out. Several nodes may share one.

    Per user a set of connections by expiry (key `online_users:{userId}`). A user comes online by the first lease and
    goes offline by the sweep that finds no lease left; each of these changes makes the user's version grow.
    """

    async def hold(self, connections: Iterable[Connection], *, ttl: float) -> Sequence[UserId]:
        """Take or renew one lease per connection, for `ttl` s from now. Returns the users who came online by this."""
        ...

    async def release(self, connection: Connection, *, grace: float) -> None:
        """The connection is gone: its lease runs out `grace` s from now. Nothing happens if it ran out before."""
        ...

    async def sweep(self) -> Mapping[UserId, datetime]:
        """Forget what ran out. Returns who went offline by this and when they were last here; each is told once."""
        ...


class Reach(Protocol):
    """The one authority on who is online and on versions."""

    async def read(self, user_ids: Iterable[UserId]) -> Mapping[UserId, Reachability]:
        """One for each user asked for. Never older than an earlier answer, also across restarts."""
        ...

    async def bump(self, user_ids: Iterable[UserId]) -> None:
        """Make the versions grow: something else of their state has changed."""
        ...


class ProfileStore(Protocol):
    """Last seen and custom statuses. Durable on return."""

    async def read(self, user_ids: Iterable[UserId]) -> Mapping[UserId, Profile]:
        """Those of whom anything is kept. A status that has expired may still be in it."""
        ...

    async def saw(self, moments: Mapping[UserId, datetime]) -> None:
        """These users were here then. Only moves forward."""
        ...

    async def set_status(self, user_id: UserId, status: CustomStatus | None) -> None:
        """Replace the status; None takes it away."""
        ...

    async def drop_expired(self, now: datetime) -> Sequence[UserId]:
        """Take away the statuses that have expired; returns whose. Each is told once."""
        ...


class ContactSource(Protocol):
    """Who shares a chat with whom."""

    async def contacts(self, user_id: UserId) -> frozenset[UserId]:
        """Everybody who shares a chat with the user. Raises ChatlyError UNAVAILABLE if that cannot be known now."""
        ...


class NewsSender(Protocol):
    """Tells all nodes. At most once."""

    async def publish(self, news: Sequence[News]) -> None:
        """Tell. Never waits for receivers and never raises: what cannot be sent now is dropped."""
        ...


class NewsFeed(Protocol):
    """What this node hears."""

    async def add(self, channels: Iterable[Channel]) -> None:
        """Hear of these too. On return everything told from now on arrives."""
        ...

    async def remove(self, channels: Iterable[Channel]) -> None:
        """Hear of these no more."""
        ...

    async def receive(self) -> Sequence[News | NewsGap]:
        """What has come since the last call; waits for it. May be empty."""
        ...

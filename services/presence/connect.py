"""Connect a device. While its stream is open, the user is online and receives the states of their contacts."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from kernel.errors import ChatlyError
from kernel.ids import HybridClock, UserId
from services.presence.contacts import ContactCache
from services.presence.hub import Hub
from services.presence.model import Connection, Update
from services.presence.ports import Leases
from services.presence.presences import PresenceLookup, PresencePublisher
from services.presence.subscriber import Subscriber


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamTiming:
    """Durations of a stream, in seconds.

    `grace`: lifetime of a lease. `flush`: shortest time between two responses. `keep_alive`: longest time between two
    responses. `reconnect_spread`: when a node shuts down, its clients reconnect after a random time up to this.
    """

    grace: float
    flush: float
    keep_alive: float
    reconnect_spread: float


class Connect:
    """Takes a lease when the stream opens, and releases it when the stream ends. `LeaseRenewal` renews the lease."""

    def __init__(
        self,
        *,
        hub: Hub,
        leases: Leases,
        lookup: PresenceLookup,
        publisher: PresencePublisher,
        contacts: ContactCache,
        ids: HybridClock,
        random: Random,
        timing: StreamTiming,
    ) -> None:
        self._hub = hub
        self._leases = leases
        self._lookup = lookup
        self._publisher = publisher
        self._contacts = contacts
        self._ids = ids
        self._random = random
        self._timing = timing

    async def __call__(self, *, user_id: UserId, device_id: str) -> AsyncGenerator[Update, None]:
        """Yield a snapshot, then batches of changes. Yield an empty update as keep-alive if nothing has changed.

        End when a newer stream of the same device opens. When this node shuts down, yield `reconnect_after` and end.
        """
        connection = Connection(user_id, self._ids.next())
        subscriber = Subscriber(connection=connection, device_id=device_id)
        try:
            await self._hub.add(subscriber)
            # Read the list after the stream was added, so that no concurrent change of the list is missed.
            await self._hub.set_contacts(user_id, await self._contacts.visible_to(user_id, max_age=0))
            self._publisher.schedule(await self._leases.hold([connection], ttl=self._timing.grace))
            while (update := await self._next(subscriber)) is not None:
                yield update
                # Changes that arrive during this pause share the next response.
                await asyncio.sleep(self._timing.flush)
            if subscriber.reconnect:
                yield Update(reconnect_after=self._random.uniform(0, self._timing.reconnect_spread))
        finally:
            self._hub.remove(subscriber)
            with suppress(ChatlyError):
                # If the lease cannot be released now, it expires.
                await self._leases.release(connection, grace=self._timing.grace)

    async def _next(self, subscriber: Subscriber) -> Update | None:
        while await subscriber.wait(self._timing.keep_alive):
            if subscriber.closed:
                return None
            if subscriber.take_snapshot_request():
                presences = await self._lookup.read(subscriber.contacts)
                subscriber.drop_known(presences)
                return Update(list(presences.values()), snapshot=True)
            if changes := subscriber.take_changes():
                return Update(changes)
        return Update()

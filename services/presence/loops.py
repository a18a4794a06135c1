"""Background loops of a node: renew leases, remove expired leases and statuses, refresh contact lists."""

import asyncio
from datetime import datetime

from kernel.errors import ChatlyError
from kernel.ids import UserId
from kernel.telemetry.logs import logger
from kernel.time import Clock
from services.presence.contacts import ContactCache
from services.presence.hub import Hub
from services.presence.ports import Leases, ProfileStore
from services.presence.presences import PresencePublisher

_SEEN_SECONDS = 60.0
_RETRY_SECONDS = 0.5
_REFRESH_SECONDS = 1.0
_MAX_CONCURRENT_REFRESHES = 16


class LeaseRenewal:
    """Renews the leases of this node's streams. If the process dies, the leases expire."""

    def __init__(
        self,
        *,
        hub: Hub,
        leases: Leases,
        profiles: ProfileStore,
        publisher: PresencePublisher,
        clock: Clock,
        every: float,
        ttl: float,
    ) -> None:
        """`every`: seconds between two renewals. `ttl`: lifetime of a lease, in seconds."""
        self._hub = hub
        self._leases = leases
        self._profiles = profiles
        self._publisher = publisher
        self._clock = clock
        self._every = every
        self._ttl = ttl
        self._log = logger("presence")
        self._seen_stored_at = clock.monotonic()

    async def run(self) -> None:
        """Renew until cancelled. After a failure, retry sooner, so that few leases expire."""
        pause = self._every
        while True:
            await asyncio.sleep(pause)
            pause = self._every
            try:
                await self.run_once()
            except ChatlyError as error:
                pause = min(self._every, _RETRY_SECONDS)
                self._log.warning("leases not renewed, will retry", error=str(error))
            if self._clock.monotonic() - self._seen_stored_at >= _SEEN_SECONDS:
                await self.store_last_seen()

    async def run_once(self) -> None:
        """Renew all leases.

        A user whose leases have all expired, for example while this process was paused, comes online again.
        """
        self._publisher.schedule(await self._leases.hold(self._hub.connections(), ttl=self._ttl))

    async def store_last_seen(self) -> None:
        """Store the current time as the last seen time of this node's users, in case the process dies."""
        self._seen_stored_at, now = self._clock.monotonic(), self._clock.now()
        try:
            await self._profiles.record_seen(dict.fromkeys(self._hub.users(), now))
        except ChatlyError as error:
            self._log.warning("last seen not stored", error=str(error))


class ExpirySweep:
    """Takes users offline when their leases have expired, and removes expired statuses. Every node runs this loop."""

    def __init__(
        self, *, leases: Leases, profiles: ProfileStore, publisher: PresencePublisher, clock: Clock, every: float
    ) -> None:
        """`every`: seconds between two sweeps."""
        self._leases = leases
        self._profiles = profiles
        self._publisher = publisher
        self._clock = clock
        self._every = every
        self._log = logger("presence")
        self._offline: dict[UserId, datetime] = {}

    async def run(self) -> None:
        """Sweep until cancelled. If a sweep fails, write a warning and continue."""
        while True:
            await asyncio.sleep(self._every)
            try:
                await self.run_once()
            except ChatlyError as error:
                self._log.warning("expired presence not stored, will retry", users=len(self._offline), error=str(error))

    async def run_once(self) -> None:
        """Take expired users offline, remove expired statuses, and publish both changes.

        After a failure, the next call handles the same users.
        """
        self._offline.update(await self._leases.remove_expired())
        if self._offline:
            await self._profiles.record_seen(self._offline)
            self._publisher.schedule(self._offline)
            self._offline = {}
        self._publisher.schedule(await self._profiles.remove_expired_statuses(self._clock.now()))


class ContactRefresh:
    """Reads the contact lists of open streams again when they are old or invalidated, or when the last read failed."""

    def __init__(self, *, hub: Hub, contacts: ContactCache, max_age: float) -> None:
        """`max_age`: age in seconds at which a list is read again."""
        self._hub = hub
        self._contacts = contacts
        self._max_age = max_age
        self._slots = asyncio.Semaphore(_MAX_CONCURRENT_REFRESHES)

    async def run(self) -> None:
        """Refresh until cancelled: every second, and at once when a list is invalidated."""
        while True:
            await self._contacts.wait_invalidated(_REFRESH_SECONDS)
            await self.run_once()

    async def run_once(self) -> None:
        """Refresh the lists that are due, at most 16 at the same time. Then unsubscribe from unused channels."""
        due = [user_id for user_id in self._hub.users() if self._contacts.due(user_id, max_age=self._max_age)]
        await asyncio.gather(*(self._refresh(user_id) for user_id in due))
        await self._hub.unsubscribe_unused()

    async def _refresh(self, user_id: UserId) -> None:
        async with self._slots:
            contacts = await self._contacts.visible_to(user_id, max_age=self._max_age)
            await self._hub.set_contacts(user_id, contacts)

"""Reading, publishing and setting presence states."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from kernel.errors import ChatlyError
from kernel.ids import UserId
from kernel.retry import Backoff, retry
from kernel.telemetry.logs import logger
from kernel.time import Clock
from services.presence.contacts import ContactCache
from services.presence.errors import expiry_not_in_future
from services.presence.model import CustomStatus, OnlineState, Presence, Profile, StateChanged
from services.presence.ports import EventPublisher, OnlineStates, ProfileStore

_CONTACTS_MAX_AGE = 5.0
_RETRY = Backoff(first=0.5, longest=0.5)


class PresenceLookup:
    """Combines online states and profiles. It does not check whether the caller may see them."""

    def __init__(self, *, online: OnlineStates, profiles: ProfileStore, clock: Clock) -> None:
        self._online = online
        self._profiles = profiles
        self._clock = clock

    async def read(self, user_ids: Iterable[UserId]) -> Mapping[UserId, Presence]:
        """Return one presence per user.

        Writers change the profile first and then increase the version. This method reads in the opposite order, so a
        presence is never older than its version says.
        """
        online = await self._online.read(user_ids)
        profiles = await self._profiles.read(online)
        return {user_id: self._presence(user_id, state, profiles.get(user_id)) for user_id, state in online.items()}

    def _presence(self, user_id: UserId, state: OnlineState, profile: Profile | None) -> Presence:
        profile = profile or Profile()
        status = profile.status
        if status is not None and status.expired(self._clock.now()):
            status = None
        last_seen = None if state.online else profile.last_seen_at
        return Presence(user_id, state.online, last_seen, status, state.version)


class PresencePublisher:
    """Publishes changed presences to all nodes, at once or in the background. Hubs choose the streams to send on."""

    def __init__(self, *, online: OnlineStates, lookup: PresenceLookup, events: EventPublisher) -> None:
        self._online = online
        self._lookup = lookup
        self._events = events
        self._log = logger("presence")
        self._scheduled: set[UserId] = set()
        self._wake = asyncio.Event()

    async def publish(self, user_ids: Iterable[UserId]) -> Mapping[UserId, Presence]:
        """Increase the users' versions, publish their presences to all nodes, and return the presences."""
        users = list(user_ids)
        await self._online.increment_versions(users)
        presences = await self._lookup.read(users)
        await self._events.publish([StateChanged(presence) for presence in presences.values()])
        return presences

    def schedule(self, user_ids: Iterable[UserId]) -> None:
        """Let `run` publish the presences of these users, as they are when it publishes."""
        self._scheduled.update(user_ids)
        if self._scheduled:
            self._wake.set()

    async def run(self) -> None:
        """Publish scheduled users until cancelled. Retry while a store is unavailable."""
        while True:
            await self._wake.wait()
            await retry(self._publish_scheduled, report=self._report, backoff=_RETRY, is_temporary=_is_chatly_error)

    async def _publish_scheduled(self) -> None:
        self._wake.clear()
        users, self._scheduled = self._scheduled, set()
        try:
            await self.publish(users)
        except ChatlyError:
            self._scheduled |= users
            raise

    def _report(self, error: Exception) -> None:
        self._log.warning("presence not published, will retry", users=len(self._scheduled), error=str(error))


class GetPresence:
    def __init__(self, *, contacts: ContactCache, lookup: PresenceLookup) -> None:
        self._contacts = contacts
        self._lookup = lookup

    async def __call__(self, user_ids: Sequence[UserId], *, caller: UserId) -> Sequence[Presence]:
        """Return one presence per user, in request order. A user whom the caller may not see is offline, with version
        0.
        """
        visible = await self._contacts.visible_to(caller, max_age=_CONTACTS_MAX_AGE)
        found = await self._lookup.read(visible.intersection(user_ids))
        return [found.get(user_id) or Presence(user_id) for user_id in user_ids]


class SetStatus:
    def __init__(self, *, profiles: ProfileStore, publisher: PresencePublisher, clock: Clock) -> None:
        self._profiles = profiles
        self._publisher = publisher
        self._clock = clock

    async def __call__(self, status: CustomStatus | None, *, caller: UserId) -> Presence:
        """Set the caller's status, publish it, and return the caller's presence. Safe to retry.

        None removes the status, and so does a status without printable characters. Raise INVALID_ARGUMENT if
        `expires_at` is not in the future.
        """
        if status is not None and status.expired(self._clock.now()):
            raise expiry_not_in_future()
        await self._profiles.set_status(caller, status.cleaned() if status else None)
        return (await self._publisher.publish([caller]))[caller]


class EraseUser:
    def __init__(self, *, profiles: ProfileStore, publisher: PresencePublisher) -> None:
        self._profiles = profiles
        self._publisher = publisher

    async def __call__(self, user_id: UserId) -> None:
        """Delete the user's status and last seen time, and publish the presence without them. Safe to repeat."""
        await self._profiles.erase(user_id)
        await self._publisher.publish([user_id])


def _is_chatly_error(error: Exception) -> bool:
    return isinstance(error, ChatlyError)

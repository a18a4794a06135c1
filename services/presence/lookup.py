"""States put together from leases and profiles."""

from collections.abc import Iterable, Mapping

from kernel.ids import UserId
from kernel.time import Clock
from services.presence.model import Presence, Profile, Reachability
from services.presence.ports import ProfileStore, Reach


class PresenceLookup:
    """The states of users as they are now, for anybody: who may see them is asked elsewhere."""

    def __init__(self, *, reach: Reach, profiles: ProfileStore, clock: Clock) -> None:
        self._reach = reach
        self._profiles = profiles
        self._clock = clock

    async def read(self, user_ids: Iterable[UserId]) -> Mapping[UserId, Presence]:
        """One for each user.

        A change is written to the profile first and makes the version grow then, so reading them the other way round
        gives a state that is at least as new as its version: the highest version told is never the older state.
        """
        reach = await self._reach.read(user_ids)
        profiles = await self._profiles.read(reach)
        return {user_id: self._presence(user_id, found, profiles.get(user_id)) for user_id, found in reach.items()}

    def _presence(self, user_id: UserId, reach: Reachability, profile: Profile | None) -> Presence:
        profile = profile or Profile()
        status = profile.status
        if status is not None and status.expired(self._clock.now()):
            status = None
        last_seen = None if reach.online else profile.last_seen_at
        return Presence(user_id, reach.online, last_seen, status, reach.version)

"""Checks whether users exist and whether they block each other."""

from collections.abc import Collection, Iterable
from itertools import islice

from kernel.cache import TtlCache
from kernel.errors import ChatlyError, Code
from kernel.ids import UserId
from kernel.time import Clock
from services.messaging.errors import account_deleted, blocked, user_not_found
from services.messaging.model import Blocks
from services.messaging.ports import UserDirectory

_REFRESHED_TOGETHER = 200


async def require_unblocked(directory: UserDirectory, user_id: UserId, others: Collection[UserId]) -> None:
    """Raise USER_NOT_FOUND unless all of `others` exist, and BLOCKED if the user blocks one of them or the reverse.

    Raise SESSION_ENDED if the user's own account was deleted.
    """
    blocks = await directory.blocks({user_id, *others})
    if user_id not in blocks:
        raise account_deleted()
    for other in others:
        if other not in blocks:
            raise user_not_found(other)
        if other in blocks[user_id] or user_id in blocks[other]:
            raise blocked(other)


class CachedUserDirectory:
    """A UserDirectory that caches the answers of another one, each for `fresh` seconds.

    A lookup also refreshes other users in use whose entries expire soon. Many busy users are therefore refreshed by one
    call now and then, not by one call each.

    While the wrapped directory is unavailable, its answers of the last `stale` seconds are used. Users who do not exist
    are not cached.
    """

    def __init__(
        self,
        directory: UserDirectory,
        *,
        clock: Clock,
        fresh: float = 5.0,
        stale: float = 600.0,
        capacity: int = 50_000,
    ) -> None:
        """`capacity`: number of users."""
        self._directory = directory
        self._fresh = fresh
        self._cache: TtlCache[UserId, frozenset[UserId]] = TtlCache(capacity=capacity, ttl=stale, clock=clock)
        self._used: dict[UserId, None] = {}
        """Users whose cached entries were used since `_expiring` last removed them, in the order of first use."""

        self._invalidations = 0
        """Number of invalidations. A lookup compares it to find out whether its answer may be outdated."""

    def invalidate(self, user_ids: Iterable[UserId]) -> None:
        """Remove these users from the cache, because their blocks have changed."""
        self._invalidations += 1
        for user_id in user_ids:
            self._cache.pop(user_id)

    def clear(self) -> None:
        """Remove all users from the cache, because changes may have been missed."""
        self._invalidations += 1
        self._cache.clear()

    async def blocks(self, user_ids: Collection[UserId]) -> Blocks:
        fresh: dict[UserId, frozenset[UserId]] = {}
        missing: list[UserId] = []
        for user_id in user_ids:
            if (blocked_users := self._cache.get(user_id, max_age=self._fresh)) is None:
                missing.append(user_id)
            else:
                fresh[user_id] = blocked_users
                self._used[user_id] = None
        return {**fresh, **await self._look_up(missing)} if missing else fresh

    async def _look_up(self, user_ids: Collection[UserId]) -> Blocks:
        wanted = list(dict.fromkeys((*user_ids, *self._expiring())))
        invalidations = self._invalidations
        try:
            found = await self._directory.blocks(wanted)
        except ChatlyError as error:
            stale = {user_id: known for user_id in user_ids if (known := self._cache.get(user_id)) is not None}
            if error.code is not Code.UNAVAILABLE or len(stale) < len(user_ids):
                raise
            return stale
        for user_id in wanted if invalidations == self._invalidations else ():
            if user_id in found:
                self._cache.put(user_id, found[user_id])
            else:
                self._cache.pop(user_id)
        return {user_id: found[user_id] for user_id in user_ids if user_id in found}

    def _expiring(self) -> Collection[UserId]:
        """Remove up to _REFRESHED_TOGETHER users from `_used`, and return those whose entries expire soon.

        An entry expires soon if it is at least half as old as `fresh`.
        """
        oldest_used = list(islice(self._used, _REFRESHED_TOGETHER))
        for user_id in oldest_used:
            del self._used[user_id]
        return [
            user_id
            for user_id in oldest_used
            if self._cache.get(user_id) is not None and self._cache.get(user_id, max_age=self._fresh / 2) is None
        ]

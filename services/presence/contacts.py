"""A cache of contact lists, which messaging owns."""

import asyncio
from dataclasses import dataclass, field

from kernel.cache import BoundedCache
from kernel.errors import ChatlyError
from kernel.ids import UserId
from kernel.telemetry.logs import logger
from kernel.time import Clock
from services.presence.ports import ContactSource

# Far more than the users with a stream on one node: lookups by other users must not evict the lists of open streams,
# which are used every second.
_MAX_ENTRIES = 200_000
_RETRY_SECONDS = 2.0
# Longer than messaging caches blocks, so that its list does not have the user any more.
_HIDDEN_SECONDS = 10.0


@dataclass(slots=True)
class _Entry:
    visible: frozenset[UserId]
    """All streams of the user share this set, because it can be large."""
    read_at: float = float("-inf")
    retry_at: float = float("-inf")
    """After a failed read, the earliest time of the next read."""
    hidden_until: dict[UserId, float] = field(default_factory=dict)
    """Users with a new block, whom the source may still return."""
    invalidations: int = 0
    """Number of invalidations. A read compares it to find out whether the list was invalidated meanwhile."""


class ContactCache:
    """A cache of the users whom each user may see: the user, and the contacts that messaging returns."""

    def __init__(self, *, source: ContactSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._log = logger("presence")
        self._entries: BoundedCache[UserId, _Entry] = BoundedCache(capacity=_MAX_ENTRIES)
        self._invalidated = asyncio.Event()

    async def visible_to(self, user_id: UserId, *, max_age: float) -> frozenset[UserId]:
        """Return the users whom `user_id` may see, read at most `max_age` seconds ago.

        If the source is unavailable, return the cached list, or only the user if no list is cached. The source is then
        not read for 2 s.
        """
        entry = self._entry(user_id)
        if self._due(entry, max_age):
            await self._read(user_id, entry)
        return entry.visible

    def due(self, user_id: UserId, *, max_age: float) -> bool:
        """Return whether `visible_to` would read the list from the source."""
        return self._due(self._entry(user_id), max_age)

    def invalidate(self, user_id: UserId) -> None:
        """Mark the user's list as outdated."""
        entry = self._entry(user_id)
        entry.invalidations += 1
        entry.read_at = float("-inf")
        self._invalidated.set()

    def hide(self, one: UserId, other: UserId) -> None:
        """Let neither of two users see the other from now on, because one has blocked the other."""
        until = self._clock.monotonic() + _HIDDEN_SECONDS
        for user_id, hidden in ((one, other), (other, one)):
            entry = self._entry(user_id)
            entry.visible -= {hidden}
            entry.hidden_until[hidden] = until
            self.invalidate(user_id)

    def unhide(self, one: UserId, other: UserId) -> None:
        """End `hide`. Messaging decides whether the users see each other."""
        for user_id, hidden in ((one, other), (other, one)):
            self._entry(user_id).hidden_until.pop(hidden, None)
            self.invalidate(user_id)

    async def wait_invalidated(self, seconds: float) -> None:
        """Wait at most `seconds` until a list is invalidated.

        Return at once if a list was invalidated since the last call.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._invalidated.wait()
        except TimeoutError:
            return
        self._invalidated.clear()

    def _due(self, entry: _Entry, max_age: float) -> bool:
        now = self._clock.monotonic()
        return now >= entry.retry_at and now - entry.read_at >= max_age

    async def _read(self, user_id: UserId, entry: _Entry) -> None:
        invalidations, read_at = entry.invalidations, self._clock.monotonic()
        try:
            contacts = await self._source.contacts(user_id)
        except ChatlyError as error:
            self._log.warning("contact list not read, will retry", user_id=user_id, error=str(error))
            entry.retry_at = self._clock.monotonic() + _RETRY_SECONDS
            return
        now = self._clock.monotonic()
        entry.hidden_until = {hidden: until for hidden, until in entry.hidden_until.items() if until > now}
        entry.visible = (contacts | {user_id}).difference(entry.hidden_until)
        if invalidations == entry.invalidations:
            entry.read_at = read_at

    def _entry(self, user_id: UserId) -> _Entry:
        entry = self._entries.get(user_id)
        if entry is None:
            entry = _Entry(frozenset({user_id}))
            self._entries.put(user_id, entry)
        return entry

"""Ended sessions whose access tokens have not expired, cached for token checks."""

from collections.abc import Collection
from datetime import datetime, timedelta

from kernel.ids import SessionId
from kernel.time import Clock
from services.auth.model import CLOCK_SLACK
from services.auth.ports import SessionEndings


class Revocations:
    """SessionEndings with a cache. Sessions that other nodes end are in the cache after the next `refresh`."""

    def __init__(self, *, endings: SessionEndings, clock: Clock, token_life: timedelta) -> None:
        self._endings = endings
        self._clock = clock
        self._kept = token_life + CLOCK_SLACK
        self._revoked: frozenset[SessionId] = frozenset()

    async def end(self, session_ids: Collection[SessionId], *, at: datetime) -> int:
        ended = await self._endings.end(session_ids, at=at)
        self._revoked |= frozenset(session_ids)
        return ended

    async def ended_since(self, time: datetime) -> Collection[SessionId]:
        return await self._endings.ended_since(time)

    async def recent(self) -> Collection[SessionId]:
        """Read from the store the sessions that any node ended and whose access tokens may not have expired."""
        return await self._endings.ended_since(self._clock.now() - self._kept)

    async def refresh(self) -> None:
        """Add sessions that other nodes ended, and drop sessions whose access tokens have expired."""
        before = self._revoked
        stored = frozenset(await self.recent())
        # `stored` may lack sessions that this node ended during the read.
        self._revoked = stored | (self._revoked - before)

    @property
    def revoked(self) -> frozenset[SessionId]:
        """The ended sessions whose access tokens must be rejected."""
        return self._revoked

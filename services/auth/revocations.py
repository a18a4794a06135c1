"""Which sessions were ended while their access tokens had time left, known without asking the store."""

from collections.abc import Collection
from datetime import datetime, timedelta

from kernel.ids import SessionId
from kernel.time import Clock
from services.auth.model import CLOCK_SLACK
from services.auth.ports import SessionEndings


class Revocations:
    """SessionEndings that remembers: what this node ends counts at once, what others end after the next `refresh`."""

    def __init__(self, *, endings: SessionEndings, clock: Clock, token_life: timedelta) -> None:
        self._endings = endings
        self._clock = clock
        self._remembered = token_life + CLOCK_SLACK
        self._revoked: frozenset[SessionId] = frozenset()

    async def end(self, session_ids: Collection[SessionId], *, at: datetime) -> int:
        ended = await self._endings.end(session_ids, at=at)
        self._revoked |= frozenset(session_ids)
        return ended

    async def ended_since(self, moment: datetime) -> Collection[SessionId]:
        return await self._endings.ended_since(moment)

    async def recent(self) -> Collection[SessionId]:
        """What all nodes ended while its access tokens may have time left, from the store."""
        return await self._endings.ended_since(self._clock.now() - self._remembered)

    async def refresh(self) -> None:
        """Learn what other nodes ended, and forget what no token can tell of any more."""
        before = self._revoked
        stored = frozenset(await self.recent())
        # What this node ended while the store was answering may be missing from the answer.
        self._revoked = stored | (self._revoked - before)

    @property
    def revoked(self) -> frozenset[SessionId]:
        """Sessions whose access tokens are no longer valid."""
        return self._revoked

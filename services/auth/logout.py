"""Ending the caller's own session."""

from kernel.ids import SessionId
from kernel.time import Clock
from services.auth.ports import SessionEndings


class Logout:
    """Ends a session; again is not an error."""

    def __init__(self, *, endings: SessionEndings, clock: Clock) -> None:
        self._endings = endings
        self._clock = clock

    async def __call__(self, session_id: SessionId) -> None:
        await self._endings.end([session_id], at=self._clock.now())

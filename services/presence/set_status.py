"""Use case: a status in one's own words."""

from kernel.errors import invalid_field
from kernel.ids import UserId
from kernel.time import Clock
from services.presence.announcer import Announcer
from services.presence.model import CustomStatus, Presence
from services.presence.ports import ProfileStore


class SetStatus:
    """Safe to repeat."""

    def __init__(self, *, profiles: ProfileStore, announcer: Announcer, clock: Clock) -> None:
        self._profiles = profiles
        self._announcer = announcer
        self._clock = clock

    async def __call__(self, status: CustomStatus | None, *, caller: UserId) -> Presence:
        """Set it, or take it away if nothing readable is in it; tell the contacts; return the caller's state.

        Raises INVALID_ARGUMENT if it would have expired already.
        """
        if status is not None and status.expired(self._clock.now()):
            raise invalid_field("status.expires_at", "must lie in the future")
        await self._profiles.set_status(caller, status.cleaned() if status else None)
        return (await self._announcer.announce([caller]))[caller]

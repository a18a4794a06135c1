"""Keeps the leases of this node's streams alive, and notes from time to time who was here."""

import asyncio

from kernel.errors import ChatlyError
from kernel.telemetry.logs import logger
from kernel.time import Clock
from services.presence.announcer import Announcer
from services.presence.hub import Hub
from services.presence.ports import Leases, ProfileStore

_NOTE_SECONDS = 60.0
_RETRY_SECONDS = 0.5


class Renewal:
    """While it runs, whoever has a stream here is online; when the process dies, their leases run out."""

    def __init__(
        self,
        *,
        hub: Hub,
        leases: Leases,
        profiles: ProfileStore,
        announcer: Announcer,
        clock: Clock,
        every: float,
        ttl: float,
    ) -> None:
        """Seconds: `every` between two renewals, `ttl` that each lasts."""
        self._hub = hub
        self._leases = leases
        self._profiles = profiles
        self._announcer = announcer
        self._clock = clock
        self._every = every
        self._ttl = ttl
        self._log = logger("presence")
        self._noted_at = clock.monotonic()

    async def run(self) -> None:
        """Renew again and again; sooner while the leases cannot be reached, so that few run out once they can be."""
        pause = self._every
        while True:
            await asyncio.sleep(pause)
            pause = self._every
            try:
                await self.once()
            except ChatlyError as error:
                pause = min(self._every, _RETRY_SECONDS)
                self._log.warning("leases cannot be renewed now", error=str(error))
            if self._clock.monotonic() - self._noted_at >= _NOTE_SECONDS:
                await self.note()

    async def once(self) -> None:
        """Renew all. Whoever had lost their lease meanwhile, say because this process was stopped, is online again."""
        self._announcer.soon(await self._leases.hold(self._hub.connections(), ttl=self._ttl))

    async def note(self) -> None:
        """Write down that the users of this node are here now: all that is known of them if the process dies."""
        self._noted_at, now = self._clock.monotonic(), self._clock.now()
        try:
            await self._profiles.saw(dict.fromkeys(self._hub.users(), now))
        except ChatlyError as error:
            self._log.warning("who is here cannot be written down now", error=str(error))

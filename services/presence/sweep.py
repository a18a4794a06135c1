"""Finds whose time is over: leases that nobody renewed, and statuses that expire by themselves."""

import asyncio
from datetime import datetime

from kernel.errors import ChatlyError
from kernel.ids import UserId
from kernel.telemetry.logs import logger
from kernel.time import Clock
from services.presence.announcer import Announcer
from services.presence.ports import Leases, ProfileStore


class Sweep:
    """Every node sweeps; what one finds the others do not."""

    def __init__(
        self, *, leases: Leases, profiles: ProfileStore, announcer: Announcer, clock: Clock, every: float
    ) -> None:
        """`every`: seconds between two looks."""
        self._leases = leases
        self._profiles = profiles
        self._announcer = announcer
        self._clock = clock
        self._every = every
        self._log = logger("presence")
        self._gone: dict[UserId, datetime] = {}

    async def run(self) -> None:
        """Look again and again, also while the store is away."""
        while True:
            await asyncio.sleep(self._every)
            try:
                await self.once()
            except ChatlyError as error:
                self._log.warning("what ended cannot be written down now", users=len(self._gone), error=str(error))

    async def once(self) -> None:
        """Take down who went and have it announced. Those of a failed call come again with the next one."""
        self._gone.update(await self._leases.sweep())
        if self._gone:
            await self._profiles.saw(self._gone)
            self._announcer.soon(self._gone)
            self._gone = {}
        self._announcer.soon(await self._profiles.drop_expired(self._clock.now()))

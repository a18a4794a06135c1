"""Run planned erasures until each has succeeded in every service."""

import asyncio
from contextlib import suppress

from kernel.errors import ChatlyError
from kernel.telemetry.logs import logger
from kernel.telemetry.metrics import gauge
from kernel.time import Clock
from services.auth.erase_account import EraseAccount
from services.auth.ports import ErasureStore

_SECONDS = 5.0
_BATCH = 100


class EraseDue:
    """Runs planned erasures when they are due. Every node does this; two nodes may safely erase the same account."""

    def __init__(self, *, erasures: ErasureStore, erase: EraseAccount, clock: Clock) -> None:
        self._erasures = erasures
        self._erase = erase
        self._clock = clock
        self._wake = asyncio.Event()
        self._log = logger("auth")
        self._overdue = gauge("chatly_auth_erasures_overdue", "Deleted accounts whose data could not be erased yet.")

    def wake(self) -> None:
        """Let `run` look for due erasures now."""
        self._wake.set()

    async def run(self) -> None:
        """Run due erasures until cancelled. Look for them at the start, every five seconds, and after each `wake`."""
        while True:
            await self.run_once()
            with suppress(TimeoutError):
                async with asyncio.timeout(_SECONDS):
                    await self._wake.wait()
            self._wake.clear()

    async def run_once(self) -> None:
        """Try each due erasure once. An erasure that fails stays planned."""
        failed = 0
        try:
            for erasure in await self._erasures.due(self._clock.now(), limit=_BATCH):
                try:
                    await self._erase(erasure.user_id)
                    await self._erasures.done(erasure)
                except ChatlyError as error:
                    failed += 1
                    self._log.warning("account not erased, will retry", user_id=erasure.user_id, error=str(error))
        except ChatlyError as error:
            self._log.warning("planned erasures not read, will retry", error=str(error))
            return
        self._overdue.set(failed)

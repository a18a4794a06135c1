"""Run planned erasures until each has succeeded in every service."""

import asyncio
from contextlib import suppress

from kernel.errors import ChatlyError
from kernel.telemetry.logs import logger
from kernel.telemetry.metrics import gauge
from kernel.time import Clock
from services.auth.erase_account import EraseAccount
from services.auth.model import Erasure
from services.auth.ports import ErasureStore

_SECONDS = 5.0
_BATCH = 100
_AT_ONCE = 8


class EraseDue:
    """Runs planned erasures when they are due. Every node does this; two nodes may safely erase the same account.

    An erasure with many messages takes minutes, so several erasures run at once, and others start meanwhile.
    """

    def __init__(self, *, erasures: ErasureStore, erase: EraseAccount, clock: Clock) -> None:
        self._erasures = erasures
        self._erase = erase
        self._clock = clock
        self._wake = asyncio.Event()
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._running: set[Erasure] = set()
        self._failed: set[Erasure] = set()
        self._log = logger("auth")
        self._overdue = gauge("chatly_auth_erasures_overdue", "Deleted accounts whose data could not be erased yet.")

    def wake(self) -> None:
        """Let `run` look for due erasures now."""
        self._wake.set()

    async def run(self) -> None:
        """Run due erasures until cancelled. Look for them at the start, every five seconds, and after each `wake`."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._start_due(tasks)
                with suppress(TimeoutError):
                    async with asyncio.timeout(_SECONDS):
                        await self._wake.wait()
                self._wake.clear()

    async def run_once(self) -> None:
        """Try each due erasure once, and wait for the results. An erasure that fails stays planned."""
        async with asyncio.TaskGroup() as tasks:
            await self._start_due(tasks)

    async def _start_due(self, tasks: asyncio.TaskGroup) -> None:
        try:
            due = await self._erasures.due(self._clock.now(), limit=_BATCH)
        except ChatlyError as error:
            self._log.warning("planned erasures not read, will retry", error=str(error))
            return
        for erasure in due:
            if erasure not in self._running:
                self._running.add(erasure)
                tasks.create_task(self._attempt(erasure))
        # Another node may have finished erasures that failed here.
        self._failed.intersection_update(due)
        self._overdue.set(len(self._failed))

    async def _attempt(self, erasure: Erasure) -> None:
        try:
            async with self._slots:
                await self._erase(erasure.user_id, delete_messages=erasure.delete_messages)
                await self._erasures.done(erasure)
        except ChatlyError as error:
            self._failed.add(erasure)
            self._log.warning("account not erased, will retry", user_id=erasure.user_id, error=str(error))
        else:
            self._failed.discard(erasure)
        finally:
            self._running.discard(erasure)
            self._overdue.set(len(self._failed))

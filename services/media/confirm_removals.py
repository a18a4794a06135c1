"""Delete a file when the message store has the deletion of its last message."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from kernel.errors import ChatlyError
from kernel.telemetry.logs import logger
from kernel.time import Clock
from services.media.model import MessageKey, PendingRemoval
from services.media.ports import PendingRemovals, SentFiles, StoredMessages
from services.media.purge_deleted import PurgeDeleted

_BATCH = 100
_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 60.0
_IDLE_SECONDS = 5.0


class ConfirmRemovals:
    """Asks the message store for the removals that the log has reported, until it has them.

    The log alone does not suffice: it may lose a deletion before it is stored. Then the message exists again, and so
    must its files.
    """

    def __init__(
        self,
        *,
        pending: PendingRemovals,
        stored: StoredMessages,
        sent: SentFiles,
        purge: PurgeDeleted,
        clock: Clock,
    ) -> None:
        self._pending = pending
        self._stored = stored
        self._sent = sent
        self._purge = purge
        self._clock = clock
        self._reported = asyncio.Event()
        self._log = logger("media")

    def wake(self) -> None:
        """Look for pending removals now."""
        self._reported.set()

    async def run(self) -> None:
        """Confirm removals until cancelled."""
        while True:
            self._reported.clear()
            try:
                waits = await self()
            except (ChatlyError, OSError) as error:
                self._log.warning("confirming deletions of messages failed, will retry", error=str(error))
                waits = False
            with suppress(TimeoutError):
                async with asyncio.timeout(_FIRST_PAUSE if waits else _IDLE_SECONDS):
                    await self._reported.wait()

    async def __call__(self) -> bool:
        """Look up each removal that is due. Return whether one of them is new and not stored yet."""
        waits = False
        while due := await self._pending.due(self._clock.now(), limit=_BATCH):
            removed = await self.remove([each.message for each in due])
            for each in due:
                if each.message in removed:
                    await self._pending.remove(each)
                else:
                    waits = await self._postpone(each) or waits
        return waits

    async def remove(self, messages: Sequence[MessageKey]) -> set[MessageKey]:
        """Remove those of these messages that the store has as removed, with their files. Return them."""
        removed = await self._stored.removed(messages)
        if await self._sent.apply(removed):
            await self._purge()
        return {each.key for each in removed}

    async def _postpone(self, removal: PendingRemoval) -> bool:
        """Look up a removal again later. Return whether that is soon."""
        pause: float = min(_FIRST_PAUSE * 2**removal.attempts, _LONGEST_PAUSE)
        await self._pending.postpone(removal, until=self._clock.now() + timedelta(seconds=pause))
        return pause < _IDLE_SECONDS

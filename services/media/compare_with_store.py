"""Compare the messages of files with the message store after the log has lost records."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from kernel.retry import repeat
from kernel.telemetry.logs import logger
from services.media.confirm_removals import ConfirmRemovals
from services.media.errors import is_temporary
from services.media.model import Comparison
from services.media.ports import ComparisonProgress, FollowedEpochs, SentFiles, StoredMessages

_BATCH = 100
_PAUSE_SECONDS = 0.05


class CompareWithStore:
    """Finds deletions that the store has and the log has lost. Runs once for each epoch of the log.

    The log may have lost records that the store has and media has not read, so the epochs of both count. A comparison
    starts when all records that the log had at that time are applied, reads the messages page by page, and continues
    after the last page when the process restarts. Several nodes may read the same page, which changes nothing.
    """

    def __init__(
        self,
        *,
        log: FollowedEpochs,
        stored: StoredMessages,
        sent: SentFiles,
        progress: ComparisonProgress,
        confirm: ConfirmRemovals,
    ) -> None:
        self._followed = log
        self._stored = stored
        self._sent = sent
        self._progress = progress
        self._confirm = confirm
        self._compared = ""
        """The last epoch that is known to be compared."""
        self._ends: tuple[str, Mapping[int, int]] = ("", {})
        """An epoch, and the ends of the log when this process first saw the epoch."""
        self._log = logger("media")

    async def run(self, every: float) -> None:
        """Compare after each new epoch until cancelled. Look for one every `every` seconds."""
        await repeat(self, seconds=every, report=self._report, is_temporary=is_temporary)

    def _report(self, error: Exception) -> None:
        self._log.warning("comparing files with the message store failed, will retry", error=str(error))

    async def __call__(self) -> bool:
        """Compare if it is due. Return whether everything is compared."""
        epoch = f"{await self._stored.log_epoch()} {self._followed.ordinals.epochs[-1].identity}"
        if epoch == self._compared:
            return True
        progress = await self._progress.load(epoch)
        if progress is None:
            if not await self._has_applied_all(epoch):
                return False
            progress = Comparison(epoch)
        while not progress.done:
            progress = await self._compare_page(progress)
        self._compared = epoch
        return True

    async def _compare_page(self, progress: Comparison) -> Comparison:
        page = await self._sent.messages(after=progress.after, limit=_BATCH)
        if page.messages and (removed := await self._confirm.remove(page.messages)):
            self._log.info("found deletions of messages that the log has lost", count=len(removed))
        progress = replace(progress, step=progress.step + 1, after=page.next_after, done=not page.next_after)
        await self._progress.save(progress)
        await asyncio.sleep(0 if progress.done else _PAUSE_SECONDS)
        return progress

    async def _has_applied_all(self, epoch: str) -> bool:
        """Return whether the records are applied that the log had when this process first saw the epoch."""
        if self._ends[0] != epoch:
            self._ends = (epoch, await self._followed.ends())
        applied = await self._followed.applied()
        return all(end <= applied.get(partition, -1) for partition, end in self._ends[1].items())

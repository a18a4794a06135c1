"""Compare the messages of files with the message store after the log has lost records."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from kernel.log.epochs import covers, offsets_of
from kernel.retry import repeat
from kernel.telemetry.logs import logger
from kernel.telemetry.metrics import counter
from services.media.confirm_removals import ConfirmRemovals
from services.media.errors import is_temporary
from services.media.model import Comparison
from services.media.ports import ComparisonProgress, FollowedEpochs, SentFiles, StoredMessages

_BATCH = 100
_PAUSE_SECONDS = 0.05


@dataclass
class _Run:
    """The work of this process for one comparison."""

    epoch: str
    ends: Mapping[int, int]
    """The ends of the log when this process first saw the epoch."""
    recorded: Mapping[int, int] | None = None
    """The ends of the log after the first pass."""
    removals: Comparison | None = None
    """The second pass of this process. It begins with the first page if this process made the first pass."""


class CompareWithStore:
    """Finds sends and deletions that the store has and the log has lost. Runs once for each epoch of the log.

    The log may have lost records that the store has and media has not read, so the epochs of both count. A comparison
    starts when all records that the log had at that time are applied. The first pass reads all messages with files from
    the store, and records them as sent. The second pass asks the store which of all known messages are removed. Each
    pass reads page by page, and continues after the last page when the process restarts. Several nodes may read the
    same page, which changes nothing.
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
        self._run = _Run("", {})
        self._pages = counter("chatly_media_compared_pages_total", "Pages compared with the message store.")
        self._log = logger("media")

    async def run(self, every: float) -> None:
        """Compare after each new epoch until cancelled. Look for one every `every` seconds."""
        await repeat(self, seconds=every, report=self._report, is_temporary=is_temporary)

    def _report(self, error: Exception) -> None:
        self._log.warning("comparing files with the message store failed, will retry", error=str(error))

    async def __call__(self) -> bool:
        """Compare if it is due. Return whether everything is compared."""
        epoch = await self._epoch()
        if epoch == self._compared:
            return True
        if self._run.epoch != epoch:
            self._run = _Run(epoch, await self._followed.ends())
        if not (await self._record_sends(epoch) and await self._remove_removed(epoch)):
            return False
        self._compared = epoch
        self._log.info("files are compared with the message store")
        return True

    async def is_complete(self) -> bool:
        """Return whether everything is compared in the present epochs, by this node or another one."""
        epoch = await self._epoch()
        if epoch == self._compared:
            return True
        progress = await self._progress.load(_second_pass(epoch))
        return progress is not None and progress.done

    async def _epoch(self) -> str:
        """Return the identity of the newest epochs of the store and of media."""
        await self._followed.check()
        return f"{(await self._stored.progress()).epoch} {self._followed.ordinals.epochs[-1].identity}"

    async def _record_sends(self, epoch: str) -> bool:
        """Record the messages in the store as sent. Return False if media has to read the log first."""
        saved = await self._progress.load(_first_pass(epoch))
        if saved is None and not covers(await self._followed.applied(), self._run.ends):
            return False
        progress = saved or Comparison(_first_pass(epoch))
        if not progress.done:
            # Another node may finish both passes before this one records its last page.
            self._run.removals = Comparison(_second_pass(epoch))
        while not progress.done:
            page = await self._stored.files(after=progress.after)
            await self._sent.apply(page.messages)
            progress = await self._save(progress, page.next_after)
        return True

    async def _remove_removed(self, epoch: str) -> bool:
        """Remove the messages that the store has as removed. Return False if the store has to read the log first."""
        progress = (
            self._run.removals or await self._progress.load(_second_pass(epoch)) or Comparison(_second_pass(epoch))
        )
        if not progress.step and not await self._store_has_caught_up():
            return False
        while not progress.done:
            page = await self._sent.messages(after=progress.after, limit=_BATCH)
            if page.messages and (removed := await self._confirm.remove(page.messages)):
                self._log.info("found deletions of messages that the log has lost", count=len(removed))
            progress = self._run.removals = await self._save(progress, page.next_after)
        return True

    async def _save(self, progress: Comparison, next_after: str) -> Comparison:
        progress = replace(progress, step=progress.step + 1, after=next_after, done=not next_after)
        await self._progress.save(progress)
        self._pages.inc()
        await asyncio.sleep(0 if progress.done else _PAUSE_SECONDS)
        return progress

    async def _store_has_caught_up(self) -> bool:
        """Return whether the store has all records that the log had after the first pass.

        Media ignores the deletion of a message that it does not know yet. If such a deletion was read during the first
        pass, the second pass finds it in the store.
        """
        if self._run.recorded is None:
            self._run.recorded = await self._followed.ends()
        return covers((await self._stored.progress()).offsets, offsets_of(self._run.recorded))


def _first_pass(epoch: str) -> str:
    return f"{epoch} sends"


def _second_pass(epoch: str) -> str:
    return f"{epoch} removals"

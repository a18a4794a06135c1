"""Follow the event log. Record which chats files were sent to, and which messages were removed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from kernel.log.followed_log import LogBookmark
from kernel.log.ports import LogConsumer, LogRecord
from kernel.retry import Backoff, retry
from kernel.telemetry.logs import logger
from kernel.time import Clock
from services.media.model import LogChange, MessageRemoved
from services.media.ports import PendingRemovals, SentFiles

T = TypeVar("T")
GROUP = "media"
_MAX_RECORDS = 500
_WAIT_SECONDS = 5.0
_LINGER_SECONDS = 0.1
# The positions of records that change no file are saved this often, because it takes a write per partition.
_SAVE_SECONDS = 1.0
_BACKOFF = Backoff(first=1.0, longest=1.0)


class FollowLog:
    """Applies the records of the log to SentFiles and PendingRemovals. It also implements LogProgress."""

    def __init__(
        self,
        *,
        consumer: LogConsumer,
        decode: Callable[[bytes], LogChange | None],
        sent: SentFiles,
        bookmark: LogBookmark,
        removals: PendingRemovals,
        on_removals: Callable[[], None],
        clock: Clock,
    ) -> None:
        """`consumer` resumes after the bookmark: see FollowedLog.

        `decode`: returns the change that a record makes to files, or None if it makes none. `on_removals`: called after
        removals were added.
        """
        self._consumer = consumer
        self._decode = decode
        self._sent = sent
        self._bookmark = bookmark
        self._removals = removals
        self._on_removals = on_removals
        self._clock = clock
        self._applied = asyncio.Event()
        self._unsaved: dict[int, LogRecord] = {}
        """The last applied record of each partition whose position is not saved yet."""
        self._save_at = 0.0
        self._log = logger("media")

    async def run(self) -> None:
        """Follow the log until cancelled. Retry while the log or a store is unavailable."""
        while True:
            await self._step()
            # Records that arrive during this pause share the next read and commit.
            await asyncio.sleep(_LINGER_SECONDS)

    async def is_behind(self) -> bool:
        lag = await self._consumer.lag()
        # Without any lag, this member of the group has no partition yet, so there may be unread records.
        return not lag or any(lag.values())

    async def wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._applied.wait()

    async def _step(self) -> None:
        wait = max(0.0, self._save_at - self._clock.monotonic()) if self._unsaved else _WAIT_SECONDS
        records = await self._retry(lambda: self._consumer.fetch(max_records=_MAX_RECORDS, wait=wait))
        changes = [change for record in records if (change := self._decode(record.value)) is not None]
        if changes:
            await self._apply(changes)
        self._unsaved.update((record.position.partition, record) for record in records)
        if self._unsaved and (changes or self._clock.monotonic() >= self._save_at):
            await self._save()
        if records:
            offsets = {record.position.partition: record.position.offset for record in records}
            await self._retry(lambda: self._consumer.commit(offsets))
            self._wake_waiters()

    async def _apply(self, changes: Sequence[LogChange]) -> None:
        removed = [change.key for change in changes if isinstance(change, MessageRemoved)]
        await self._retry(lambda: self._sent.apply([each for each in changes if not isinstance(each, MessageRemoved)]))
        await self._retry(lambda: self._removals.add(removed, due_at=self._clock.now()))
        if removed:
            self._on_removals()

    async def _save(self) -> None:
        await self._retry(lambda: self._bookmark.save(list(self._unsaved.values())))
        self._unsaved.clear()
        self._save_at = self._clock.monotonic() + _SAVE_SECONDS

    def _wake_waiters(self) -> None:
        applied, self._applied = self._applied, asyncio.Event()
        applied.set()

    async def _retry(self, step: Callable[[], Awaitable[T]]) -> T:
        return await retry(step, report=self._report, backoff=_BACKOFF)

    def _report(self, error: Exception) -> None:
        self._log.warning("following the log failed, will retry", error=str(error))

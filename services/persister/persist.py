"""The loop that brings the log into the store. What a record becomes there is the store's business."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

from history.ports import Applied, RecordWriter
from kernel.errors import ChatlyError
from kernel.log.ports import LogConsumer, LogRecord
from kernel.retry import Backoff, retry
from kernel.telemetry.logs import logger
from kernel.telemetry.tracing import trace_id_of
from kernel.time import Clock
from services.persister.announce import Announce
from services.persister.progress import Progress

T = TypeVar("T")

_BACKOFF = Backoff(first=0.1, longest=5.0)


class Persist:
    """Fetch, store, announce, commit, for ever. What was stored but not committed comes again, and changes nothing."""

    def __init__(
        self,
        *,
        consumer: LogConsumer,
        writer: RecordWriter,
        announce: Announce,
        progress: Progress,
        clock: Clock,
        batch_size: int,
        wait_seconds: float,
        commit_seconds: float,
        linger_seconds: float,
        backoff: Backoff = _BACKOFF,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`consumer` begins where the store ends, whatever its group believes: the store may be older, or new.

        `linger_seconds`: how long records may gather after a batch that was not full.

        `pause` is what it does then, and between two attempts, for tests to see.
        """
        self._consumer = consumer
        self._writer = writer
        self._announce = announce
        self._progress = progress
        self._clock = clock
        self._batch_size = batch_size
        self._wait_seconds = wait_seconds
        self._commit_seconds = commit_seconds
        self._linger_seconds = linger_seconds
        self._backoff = backoff
        self._pause = pause
        self._log = logger("persister")
        self._uncommitted: dict[int, int] = {}
        self._committed_at = clock.monotonic()

    async def run(self) -> None:
        """Never returns. Raises what no waiting mends: that ends the process."""
        while True:
            if 0 < await self.step() < self._batch_size:
                await self._pause(self._linger_seconds)

    async def step(self) -> int:
        """One batch, however long the log or the store is away; how many records it had."""
        records = await self._insist(self._take)
        if self._uncommitted and (not records or self._commit_is_due()):
            await self._insist(self._commit)
        return len(records)

    async def _take(self) -> Sequence[LogRecord]:
        wait = min(self._wait_seconds, self._commit_seconds) if self._uncommitted else self._wait_seconds
        records = await self._consumer.fetch(max_records=self._batch_size, wait=wait)
        if records:
            await self._store(records)
        return records

    async def _store(self, records: Sequence[LogRecord]) -> None:
        try:
            applied = await self._writer.apply(records)
        except ChatlyError:
            # Not kept for the next attempt: by then another persister may have these partitions.
            await self._consumer.rewind()
            raise
        await self._insist(partial(self._announce, applied))
        self._progress.applied(len(records), applied.dead)
        self._tell(applied)
        self._uncommitted.update((record.position.partition, record.position.offset) for record in records)

    def _tell(self, applied: Applied) -> None:
        if applied.dead:
            self._log.warning("records were put aside: ListDeadLetters shows them", records=applied.dead)
        for stored in applied.events:
            position, event = stored.position, stored.event
            trace = {"trace_id": trace_id_of(event.traceparent)} if event.traceparent else {}
            self._log.debug(
                "stored", request_id=event.request_id, partition=position.partition, offset=position.offset, **trace
            )

    def _commit_is_due(self) -> bool:
        return self._clock.monotonic() - self._committed_at >= self._commit_seconds

    async def _commit(self) -> None:
        await self._consumer.commit(self._uncommitted)
        self._uncommitted = {}
        self._committed_at = self._clock.monotonic()

    async def _insist(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Retry while the log or the store is unavailable, with growing pauses."""
        result = await retry(attempt, report=self._report, backoff=self._backoff, sleep=self._pause)
        self._progress.worked()
        return result

    def _report(self, error: Exception) -> None:
        assert isinstance(error, ChatlyError)  # noqa: S101 - no other error is temporary
        self._progress.failed(error.reason, error.message)
        self._log.warning("the log or the store is unavailable, trying again", error=str(error))

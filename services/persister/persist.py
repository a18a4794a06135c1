"""Stores the log: fetches a batch, stores it, publishes it, and commits its offsets."""

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
from services.persister.progress import Progress
from services.persister.publish_stored import PublishStored

T = TypeVar("T")

_BACKOFF = Backoff(first=0.1, longest=5.0)


class Persist:
    """Fetches, stores, publishes and commits records.

    Records that were stored but not committed are fetched a second time, which changes nothing in the store.
    """

    def __init__(
        self,
        *,
        consumer: LogConsumer,
        writer: RecordWriter,
        publish: PublishStored,
        progress: Progress,
        clock: Clock,
        batch_size: int,
        wait_seconds: float,
        commit_seconds: float,
        linger_seconds: float,
        backoff: Backoff = _BACKOFF,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`consumer` resumes at the offsets of the store, not of the consumer group, because a store can be restored or
        new.

        `linger_seconds` is the pause after a batch that was not full, so that more records share the next batch.
        `pause` sleeps after such a batch and between attempts. Tests replace `pause`.
        """
        self._consumer = consumer
        self._writer = writer
        self._publish = publish
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
        """Persist until cancelled. Errors other than UNAVAILABLE are raised and end the process."""
        while True:
            if 0 < await self.step() < self._batch_size:
                await self._pause(self._linger_seconds)

    async def step(self) -> int:
        """Persist one batch and return its size. Retry while the log or the store is unavailable."""
        records = await self._retry(self._fetch_and_store)
        if self._uncommitted and (not records or self._commit_is_due()):
            await self._retry(self._commit)
        return len(records)

    async def _fetch_and_store(self) -> Sequence[LogRecord]:
        wait = min(self._wait_seconds, self._commit_seconds) if self._uncommitted else self._wait_seconds
        records = await self._consumer.fetch(max_records=self._batch_size, wait=wait)
        if records:
            await self._store(records)
        return records

    async def _store(self, records: Sequence[LogRecord]) -> None:
        try:
            applied = await self._writer.apply(records)
        except ChatlyError:
            # The next attempt must fetch these records again, because another persister may own their partitions by
            # then.
            await self._consumer.rewind()
            raise
        await self._retry(partial(self._publish, applied))
        self._progress.applied(len(records), applied.dead)
        self._log_stored(applied)
        self._uncommitted.update((record.position.partition, record.position.offset) for record in records)

    def _log_stored(self, applied: Applied) -> None:
        if applied.dead:
            self._log.warning("records became dead letters, see ListDeadLetters", records=applied.dead)
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

    async def _retry(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Repeat `attempt` while the log or the store is unavailable."""
        result = await retry(attempt, report=self._report, backoff=self._backoff, sleep=self._pause)
        self._progress.succeeded()
        return result

    def _report(self, error: Exception) -> None:
        assert isinstance(error, ChatlyError)  # noqa: S101 - no other error is temporary
        self._progress.failed(error.reason, error.message)
        self._log.warning("persisting failed, will retry", error=str(error))

"""One member of a Kafka consumer group, with cooperative rebalancing, in its own thread."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Protocol, TypeVar

from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import CommitFailedError, IllegalGenerationError, RebalanceInProgressError, UnknownMemberIdError

from kernel.kafka.client import build_consumer, kafka_errors, wait_for_joins
from kernel.kafka.read import FETCH_LIMITS, REQUEST_SECONDS, offset_of, records_of
from kernel.kafka.settings import KafkaSettings
from kernel.log.ports import LogRecord, Resume
from kernel.telemetry.logs import logger

T = TypeVar("T")
# The longest single poll in the thread. Commits and closing wait until it ends.
_SLICE_SECONDS = 0.2
# A member that has not fetched for this long loses its partitions. A dead process is noticed earlier, by its missing
# heartbeats.
_MAX_SECONDS_BETWEEN_FETCHES = 30
_JOIN_SECONDS = _MAX_SECONDS_BETWEEN_FETCHES + 10
# These errors mean that another member has the partition now, or will soon have it.
_LOST = (CommitFailedError, IllegalGenerationError, RebalanceInProgressError, UnknownMemberIdError)


class GroupLog(Protocol):
    """The methods of the log that a member uses."""

    async def log_id(self) -> str: ...

    async def ends(self) -> Mapping[int, int]: ...


class KafkaLogConsumer(ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python is untyped
    """LogConsumer on Kafka. Partitions are assigned and revoked only during `fetch`, never while the caller works."""

    def __init__(
        self,
        *,
        settings: KafkaSettings,
        group: str,
        log: GroupLog,
        resume: Resume | None,
    ) -> None:
        self._settings = settings
        self._group = group
        self._log = log
        self._resume = resume
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"kafka-{group}")
        self._built: KafkaConsumer | None = None
        self._new: set[TopicPartition] = set()
        self._committed: dict[int, int] = {}
        self._polling: asyncio.Future[Sequence[LogRecord]] | None = None

    async def fetch(self, *, max_records: int, wait: float) -> Sequence[LogRecord]:
        """See LogConsumer."""
        await self._log.log_id()  # raises until Kafka has been reached once
        deadline = time.monotonic() + wait
        while True:
            left = max(0.0, deadline - time.monotonic())
            records = await self._poll(max_records, left)
            if self._new and self._polling is None:
                await self._begin()
            if records or left <= 0:
                return records

    async def commit(self, offsets: Mapping[int, int]) -> None:
        """See LogConsumer. Offsets of partitions that another member has now are ignored."""
        further = {
            partition: offset
            for partition, offset in offsets.items()
            if partition in self._committed and offset > self._committed[partition]
        }
        if further:
            await self._run(partial(self._commit, further))

    async def lag(self) -> Mapping[int, int]:
        """See LogConsumer."""
        ends = await self._log.ends()
        return {partition: ends[partition] - offset for partition, offset in dict(self._committed).items()}

    async def rewind(self) -> None:
        """See LogConsumer."""
        await self._run(self._stop_reading)

    async def close(self) -> None:
        """Leave the group, so that other members get its partitions at once."""
        await asyncio.to_thread(self._close)

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Pause the new partitions until `_begin` has set their offsets. The driver calls this while it polls."""
        if self._built is not None:
            self._built.pause(*assigned)
        self._new |= set(assigned)

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Forget the partitions. The driver calls this while it polls."""
        self._new -= set(revoked)
        for revoked_partition in revoked:
            self._committed.pop(revoked_partition.partition, None)

    def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        """Forget the partitions, which the group took away. The driver calls this while it polls."""
        logger("log").warning("lost partitions", group=self._group, partitions=[each.partition for each in lost])
        self.on_partitions_revoked(lost)

    async def _poll(self, max_records: int, seconds: float) -> Sequence[LogRecord]:
        # A fetch continues the poll that an earlier fetch left unfinished, also after a cancellation. So its records
        # are returned exactly once.
        if self._polling is None:
            job = partial(self._poll_once, max_records, min(seconds, _SLICE_SECONDS))
            self._polling = asyncio.ensure_future(self._run(job))
        polling = self._polling
        await asyncio.wait([polling], timeout=seconds + _SLICE_SECONDS)
        if not polling.done():
            return ()
        self._polling = None
        return polling.result()

    async def _begin(self) -> None:
        """Start to read the newly assigned partitions."""
        new = set(self._new)
        offsets = None if self._resume is None else await self._resume([each.partition for each in new])
        await self._run(partial(self._start, new, offsets))

    async def _run(self, job: Callable[[], T]) -> T:
        with kafka_errors():
            return await asyncio.get_running_loop().run_in_executor(self._thread, job)

    def _consumer(self) -> KafkaConsumer:
        if self._built is None:
            consumer = build_consumer(
                **self._settings.client(),
                **FETCH_LIMITS,
                group_id=self._group,
                auto_offset_reset="earliest",
                enable_auto_commit=False,
                allow_auto_create_topics=False,
                partition_assignment_strategy=[CooperativeStickyAssignor],
                session_timeout_ms=10_000,
                heartbeat_interval_ms=1_000,
                max_poll_interval_ms=_MAX_SECONDS_BETWEEN_FETCHES * 1000,
                metrics_enabled=False,
            )
            try:
                wait_for_joins(consumer, _JOIN_SECONDS)
                # Load the partitions before joining: the leader of a group assigns only partitions that it knows.
                consumer.partitions_for_topic(self._settings.topic)
                consumer.subscribe([self._settings.topic], listener=self)
            except BaseException:
                consumer.close(autocommit=False)
                raise
            self._built = consumer
        return self._built

    def _poll_once(self, max_records: int, seconds: float) -> Sequence[LogRecord]:
        return records_of(self._consumer().poll(timeout_ms=seconds * 1000, max_records=max_records))

    def _stop_reading(self) -> None:
        consumer = self._consumer()
        consumer.pause(*consumer.assignment())
        self._new |= consumer.assignment()

    def _start(self, new: set[TopicPartition], offsets: Mapping[int, int] | None) -> None:
        """Read the new partitions after `offsets`; if `offsets` is None, after the committed offsets of the group."""
        consumer = self._consumer()
        for each in new & consumer.assignment():
            begins = offset_of(consumer.beginning_offsets, each)
            if offsets is None:
                committed = consumer.committed(each, timeout_ms=REQUEST_SECONDS * 1000)
                after = begins - 1 if committed is None else committed - 1
            else:
                after = max(offsets.get(each.partition, -1), begins - 1)
            consumer.seek(each, after + 1)
            self._committed[each.partition] = after
            consumer.resume(each)
            self._new.discard(each)

    def _commit(self, offsets: Mapping[int, int]) -> None:
        wanted = {
            TopicPartition(self._settings.topic, partition): OffsetAndMetadata(offset + 1, "", -1)
            for partition, offset in offsets.items()
        }
        try:
            self._consumer().commit(wanted, timeout_ms=REQUEST_SECONDS * 1000)
        except _LOST as error:
            # The member that has the partition now reads those records again and commits them.
            logger("log").info("not committed", group=self._group, error=str(error))
            return
        self._committed.update((partition, offset) for partition, offset in offsets.items())

    def _close(self) -> None:
        self._thread.shutdown(cancel_futures=True)
        if self._built is not None:
            self._built.close(autocommit=False, timeout_ms=REQUEST_SECONDS * 1000)

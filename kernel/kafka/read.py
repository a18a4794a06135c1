"""Reads Kafka at any offset, with one consumer that is in no group, in its own thread."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaTimeoutError

from kernel.kafka.client import build_consumer, kafka_errors
from kernel.kafka.settings import KafkaSettings
from kernel.log.ports import LogPosition, LogRecord

T = TypeVar("T")
REQUEST_SECONDS = 5.0
_SLICE_SECONDS = 0.1
# By default, the driver prefetches up to 50 MB.
FETCH_LIMITS = {"fetch_max_bytes": 4 * 2**20, "max_partition_fetch_bytes": 2**20}


class KafkaReader:
    """LogReader without `log_id`. Its callers share one thread. While one caller waits for records, others can read."""

    def __init__(self, *, settings: KafkaSettings) -> None:
        self._settings = settings
        self._topic = settings.topic
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kafka-reader")
        self._built: KafkaConsumer | None = None
        self._next: LogPosition | None = None

    async def read(self, partition: int, *, after: int, limit: int, wait: float = 0.0) -> Sequence[LogRecord]:
        """See LogReader."""
        deadline = time.monotonic() + wait
        while True:
            patience = max(0.0, min(deadline - time.monotonic(), _SLICE_SECONDS))
            records = await self._run(partial(self._read, partition, after, limit, patience))
            if records or time.monotonic() >= deadline:
                return records

    async def ends(self) -> Mapping[int, int]:
        """See LogReader."""
        return await self._run(self._ends)

    async def begins(self) -> Mapping[int, int]:
        """See LogReader."""
        return await self._run(self._begins)

    async def close(self) -> None:
        """Close the consumer after the current read."""
        await asyncio.to_thread(self._close)

    async def _run(self, job: Callable[[], T]) -> T:
        with kafka_errors():
            return await asyncio.get_running_loop().run_in_executor(self._thread, job)

    def _consumer(self) -> KafkaConsumer:
        if self._built is None:
            self._built = build_consumer(
                **self._settings.client(),
                **FETCH_LIMITS,
                group_id=None,
                auto_offset_reset="earliest",
                enable_auto_commit=False,
                allow_auto_create_topics=False,
                request_timeout_ms=int(REQUEST_SECONDS * 1000),
                metrics_enabled=False,
            )
        return self._built

    def _read(self, partition: int, after: int, limit: int, patience: float) -> list[LogRecord]:
        consumer, topic_partition = self._consumer(), TopicPartition(self._topic, partition)
        first = offset_of(consumer.beginning_offsets, topic_partition)
        end = offset_of(consumer.end_offsets, topic_partition)
        start = max(after + 1, first)
        self._seek(topic_partition, start)
        deadline = time.monotonic() + (REQUEST_SECONDS if start < end else patience)
        records: list[LogRecord] = []
        while len(records) < limit and (not records or records[-1].position.offset + 1 < end):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            found = consumer.poll(timeout_ms=left * 1000, max_records=limit - len(records))
            records += records_of(found)
            if records:
                self._next = LogPosition(partition, records[-1].position.offset + 1)
        if start < end and not records:
            raise KafkaTimeoutError(f"no record from partition {partition} within {REQUEST_SECONDS:.0f} s")
        return records

    def _seek(self, topic_partition: TopicPartition, offset: int) -> None:
        """Seek to the offset, unless the consumer is already there: a seek would drop prefetched records."""
        consumer, next_one = self._consumer(), LogPosition(topic_partition.partition, offset)
        if self._next == next_one:
            return
        self._next = None
        consumer.assign([topic_partition])
        consumer.seek(topic_partition, offset)
        self._next = next_one

    def _ends(self) -> dict[int, int]:
        found = self._consumer().end_offsets(self._partitions(), timeout_ms=REQUEST_SECONDS * 1000)
        return {topic_partition.partition: offset - 1 for topic_partition, offset in found.items()}

    def _begins(self) -> dict[int, int]:
        found = self._consumer().beginning_offsets(self._partitions(), timeout_ms=REQUEST_SECONDS * 1000)
        return {topic_partition.partition: offset for topic_partition, offset in found.items()}

    def _partitions(self) -> list[TopicPartition]:
        return [TopicPartition(self._topic, number) for number in range(self._settings.partitions)]

    def _close(self) -> None:
        self._thread.shutdown(cancel_futures=True)
        if self._built is not None:
            self._built.close()


def offset_of(ask: Callable[..., Mapping[TopicPartition, int]], topic_partition: TopicPartition) -> int:
    """Return an offset of one partition. `ask`: the method `beginning_offsets` or `end_offsets` of a consumer."""
    return ask([topic_partition], timeout_ms=REQUEST_SECONDS * 1000)[topic_partition]


def records_of(found: Mapping[TopicPartition, Sequence[Any]]) -> list[LogRecord]:
    """Convert the result of `poll` to records."""
    return [
        LogRecord(
            LogPosition(record.partition, record.offset),
            (record.key or b"").decode(),
            record.value or b"",
            max(0, record.timestamp) / 1_000,
        )
        for records in found.values()
        for record in records
    ]

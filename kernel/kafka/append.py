"""Appends to Kafka from asyncio. Results from kafka-python's thread reach the event loop in batches."""

import asyncio
from collections import deque
from functools import partial
from typing import Any
from zlib import crc32

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError

from kernel.kafka.client import build_client, kafka_errors, log_unavailable
from kernel.kafka.settings import KafkaSettings
from kernel.log.ports import LogPosition

MAX_IN_FLIGHT = 5_000
"""Limit of unacknowledged records; kafka-python has none."""
# The default limit of a broker. The producer refuses a larger record before it is sent.
_MAX_RECORD_BYTES = 1_000_000
# Added to the time limit of the producer: the producer sometimes exceeds it while no broker is reachable.
_SLACK_SECONDS = 1.0
_CLOSE_SECONDS = 2.0

Waiting = asyncio.Future[LogPosition]


class KafkaAppender:
    """EventLog over one idempotent producer with acks=all. Bound to the event loop that created it.

    After the first record that is not acknowledged in time, the appender fails all waiting records and sets `failed`.
    Then it must be replaced: its producer may be stuck at lost sequence numbers. A new producer starts with new
    numbers.
    """

    def __init__(self, *, producer: KafkaProducer, settings: KafkaSettings) -> None:
        self.failed = asyncio.Event()
        self._producer = producer
        self._topic = settings.topic
        self._partitions = settings.partitions
        self._patience = settings.append_seconds + _SLACK_SECONDS
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[Waiting, float] = {}
        """The deadline of each unacknowledged record, in the order of sending."""
        self._timer: asyncio.TimerHandle | None = None
        self._finished: deque[tuple[Waiting, Any]] = deque()
        self._woken = False

    async def append(self, key: str, value: bytes) -> LogPosition:
        """See EventLog. Fails at once if too many records wait for acknowledgement."""
        if len(self._waiting) >= MAX_IN_FLIGHT:
            raise log_unavailable(f"{len(self._waiting)} records wait for acknowledgement")
        coded = key.encode()
        waiting: Waiting = self._loop.create_future()
        with kafka_errors():
            # Does not block: `build_producer` has loaded the partitions of the topic.
            sent = self._producer.send(self._topic, value, coded, partition=crc32(coded) % self._partitions)
        self._waiting[waiting] = self._loop.time() + self._patience
        sent.add_both(partial(self._on_producer_thread, waiting))
        if self._timer is None:
            self._check_deadlines()
        return await waiting

    def close(self) -> None:
        """Send the waiting records within a few seconds, and close the producer. Blocks."""
        close_producer(self._producer)

    def _on_producer_thread(self, waiting: Waiting, result: object) -> None:
        self._finished.append((waiting, result))
        if not self._woken and not self._loop.is_closed():
            self._woken = True
            self._loop.call_soon_threadsafe(self._complete)

    def _complete(self) -> None:
        # Cleared first, so that a result that arrives from here on wakes the loop again.
        self._woken = False
        while self._finished:
            waiting, result = self._finished.popleft()
            self._waiting.pop(waiting, None)
            if isinstance(result, BaseException):
                _refuse(waiting, result)
                self._fail(result)
            elif not waiting.done():
                waiting.set_result(LogPosition(result.partition, result.offset))

    def _check_deadlines(self) -> None:
        """Fail all records if the oldest one is late, else check again at its deadline. One timer serves all."""
        self._timer, until = None, next(iter(self._waiting.values()), None)
        if until is None:
            return
        if until <= self._loop.time():
            self._fail("no acknowledgement in time")
        else:
            self._timer = self._loop.call_at(until, self._check_deadlines)

    def _fail(self, why: object) -> None:
        self.failed.set()
        for waiting in self._waiting:
            _refuse(waiting, why)
        self._waiting.clear()


def _refuse(waiting: Waiting, why: object) -> None:
    if not waiting.done():  # the caller may be cancelled
        waiting.set_exception(log_unavailable(why))


def build_producer(settings: KafkaSettings) -> KafkaProducer:
    """Return a producer that knows the partitions of the topic. Blocks; raises KafkaError if no broker answers."""
    delivery = int(settings.append_seconds * 1000)
    producer = build_client(
        KafkaProducer,
        **settings.client(),
        acks="all",
        enable_idempotence=True,
        delivery_timeout_ms=delivery,
        request_timeout_ms=delivery * 3 // 5,
        max_block_ms=min(delivery, 3_000),
        max_request_size=_MAX_RECORD_BYTES,
        allow_auto_create_topics=False,
        metrics_enabled=False,
    )
    try:
        producer.partitions_for(settings.topic)
    except KafkaError:
        close_producer(producer)
        raise
    return producer


def close_producer(producer: KafkaProducer) -> None:
    """Send the waiting records within a few seconds, and close the producer. Blocks."""
    try:
        producer.close(timeout=_CLOSE_SECONDS)
    except KafkaTimeoutError:
        # `close` times out if a record is stuck; ending the sender thread releases it.
        producer._sender.force_close()  # noqa: SLF001
        producer._sender.join(_CLOSE_SECONDS)  # noqa: SLF001
        producer.close(timeout=_CLOSE_SECONDS)

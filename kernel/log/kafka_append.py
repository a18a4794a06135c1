"""Appending to Kafka from asyncio: kafka-python's callbacks, which come on its own thread, cross over in bursts."""

import asyncio
from collections import deque
from functools import partial
from typing import Any
from zlib import crc32

from kafka import KafkaProducer
from kafka.errors import KafkaError

from kernel.log.kafka_errors import kafka_errors, log_unavailable
from kernel.log.kafka_settings import KafkaSettings
from kernel.log.ports import LogPosition

MAX_IN_FLIGHT = 5_000
"""Records not yet acknowledged; kafka-python itself knows no bound."""
PROBES = 8
"""Records in flight while the brokers do not acknowledge: the others are refused at once."""
_CLOSE_SECONDS = 2.0

Waiting = asyncio.Future[LogPosition]


class KafkaAppender:
    """EventLog over one idempotent producer with acks=all. Lives in the event loop that made it."""

    def __init__(self, *, producer: KafkaProducer, settings: KafkaSettings) -> None:
        self._producer = producer
        self._topic = settings.topic
        self._partitions = settings.partitions
        self._loop = asyncio.get_running_loop()
        self._finished: deque[tuple[Waiting, Any]] = deque()
        self._woken = False
        self._in_flight = 0
        self._limit = MAX_IN_FLIGHT

    async def append(self, key: str, value: bytes) -> LogPosition:
        """See EventLog. Refused at once when too much is waiting for acknowledgement already."""
        if self._in_flight >= self._limit:
            raise log_unavailable(f"{self._in_flight} records wait for it")
        coded = key.encode()
        waiting: Waiting = self._loop.create_future()
        with kafka_errors():
            # Does not block: the topic's partitions are known since `build_producer`.
            sent = self._producer.send(self._topic, value, coded, partition=crc32(coded) % self._partitions)
        self._in_flight += 1
        sent.add_both(partial(self._on_producer_thread, waiting))
        return await waiting

    def close(self) -> None:
        """Send what is waiting, within a short time. Blocks."""
        try:
            self._producer.close(timeout=_CLOSE_SECONDS)
        except KafkaError:
            self._producer.close(timeout=0)

    def _on_producer_thread(self, waiting: Waiting, result: object) -> None:
        self._finished.append((waiting, result))
        if not self._woken:
            self._woken = True
            self._loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        # Before taking anything: what is added from now on wakes the loop again.
        self._woken = False
        while self._finished:
            waiting, result = self._finished.popleft()
            self._in_flight -= 1
            failed = isinstance(result, BaseException)
            self._limit = PROBES if failed else MAX_IN_FLIGHT
            if waiting.done():
                continue  # its caller gave up
            if failed:
                waiting.set_exception(log_unavailable(result or type(result).__name__))
            else:
                waiting.set_result(LogPosition(result.partition, result.offset))


def build_producer(settings: KafkaSettings) -> KafkaProducer:
    """A producer that knows the topic's partitions. Blocks; raises KafkaError if no broker answers."""
    delivery = int(settings.append_seconds * 1000)
    producer = KafkaProducer(
        **settings.client(),
        acks="all",
        enable_idempotence=True,
        delivery_timeout_ms=delivery,
        request_timeout_ms=delivery * 3 // 5,
        max_block_ms=min(delivery, 3_000),
        allow_auto_create_topics=False,
        max_request_size=4 * 2**20,
        metrics_enabled=False,
    )
    try:
        producer.partitions_for(settings.topic)
    except KafkaError:
        producer.close(timeout=0)
        raise
    return producer

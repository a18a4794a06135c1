"""Appends to Kafka from asyncio. Results from the producer's thread reach the event loop in batches."""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Protocol
from zlib import crc32

from kernel.kafka.client import kafka_errors, log_unavailable
from kernel.kafka.settings import KafkaSettings
from kernel.log.ports import LogPosition

MAX_IN_FLIGHT = 5_000
"""Limit of unacknowledged records; the client libraries have none, or a larger one."""
# Added to the time limit of the producer: the producer sometimes exceeds it while no broker is reachable.
_SLACK_SECONDS = 1.0

Waiting = asyncio.Future[LogPosition]
Sent = Callable[[int | BaseException], None]
"""Takes the offset of an acknowledged record, or the error."""


class Producer(Protocol):
    """A producer of one client library. Idempotent, with acks=all: records of a partition keep the order of `send`."""

    def send(self, partition: int, key: bytes, value: bytes, done: Sent) -> None:
        """Send a record. Does not block: the producer knows the topic's partitions. Another thread calls `done`.

        Raise KafkaError if the record cannot be sent, MessageSizeTooLargeError if no retry helps.
        """
        ...

    def close(self) -> None:
        """Send the waiting records within a few seconds, and stop. Blocks."""
        ...


class KafkaAppender:
    """EventLog over one producer. Bound to the event loop that created it.

    After the first record that is not acknowledged in time, the appender fails all waiting records and sets `failed`.
    Then it must be replaced: its producer may be stuck at lost sequence numbers. A new producer starts with new
    numbers.
    """

    def __init__(self, *, producer: Producer, settings: KafkaSettings) -> None:
        self.failed = asyncio.Event()
        self.close = producer.close
        self._producer = producer
        self._partitions = settings.partitions
        self._patience = settings.append_seconds + _SLACK_SECONDS
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[Waiting, float] = {}
        """The deadline of each unacknowledged record, in the order of sending."""
        self._timer: asyncio.TimerHandle | None = None
        self._finished: deque[tuple[Waiting, int, int | BaseException]] = deque()
        self._woken = False

    async def append(self, key: str, value: bytes) -> LogPosition:
        """See EventLog. Fails at once if too many records wait for acknowledgement."""
        if len(self._waiting) >= MAX_IN_FLIGHT:
            raise log_unavailable(f"{len(self._waiting)} records wait for acknowledgement")
        coded = key.encode()
        # The same in every client library, so that nodes with different ones append a chat to the same partition.
        partition = crc32(coded) % self._partitions
        waiting: Waiting = self._loop.create_future()
        with kafka_errors():
            self._producer.send(partition, coded, value, partial(self._on_producer_thread, waiting, partition))
        self._waiting[waiting] = self._loop.time() + self._patience
        if self._timer is None:
            self._check_deadlines()
        return await waiting

    def _on_producer_thread(self, waiting: Waiting, partition: int, result: int | BaseException) -> None:
        self._finished.append((waiting, partition, result))
        if not self._woken and not self._loop.is_closed():
            self._woken = True
            self._loop.call_soon_threadsafe(self._complete)

    def _complete(self) -> None:
        # Cleared first, so that a result that arrives from here on wakes the loop again.
        self._woken = False
        while self._finished:
            waiting, partition, result = self._finished.popleft()
            self._waiting.pop(waiting, None)
            if isinstance(result, BaseException) or result < 0:
                # The broker has the record already, but does not say where: a retry with the same identity is safe.
                why = result if isinstance(result, BaseException) else "the broker did not return an offset"
                _refuse(waiting, why)
                self._fail(why)
            elif not waiting.done():
                waiting.set_result(LogPosition(partition, result))

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


def build_producer(settings: KafkaSettings) -> Producer:
    """Return a producer of the chosen library that knows the partitions of the topic.

    Blocks; raises KafkaError if no broker answers.
    """
    if settings.client_library == "confluent":
        from kernel.kafka.confluent import ConfluentProducer

        return ConfluentProducer(settings)
    from kernel.kafka.producer import PythonProducer

    return PythonProducer(settings)

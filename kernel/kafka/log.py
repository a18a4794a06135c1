"""The event log on Kafka. It connects in the background, and reconnects after every failure."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial

from kafka.errors import KafkaError

from kernel.kafka.append import KafkaAppender, Producer, build_producer
from kernel.kafka.client import kafka_errors, log_unavailable
from kernel.kafka.group import KafkaLogConsumer
from kernel.kafka.read import KafkaReader
from kernel.kafka.replicas import read_topic_replicas, topic_faults
from kernel.kafka.settings import KafkaSettings
from kernel.kafka.topic import TooFewBrokersError, WrongTopicError, identify_topic, set_retention
from kernel.log.ports import LogConsumer, LogPosition, LogRecord, Resume
from kernel.log.retention import RetentionSettings
from kernel.retry import Backoff, retry
from kernel.telemetry.logs import logger

_BACKOFF = Backoff(first=0.2, longest=1.0)


class KafkaLog:
    """EventLog and LogReader on Kafka. It reconnects while no broker acknowledges, and appends fail at once.

    Until Kafka has been reached for the first time, every method raises `LOG_UNAVAILABLE`.
    """

    def __init__(self, settings: KafkaSettings, *, retention: RetentionSettings, sets_retention: bool = False) -> None:
        self._settings = settings
        self._retention = retention
        self._sets_retention = sets_retention
        self._identify = partial(identify_topic, settings, retention=retention.time)
        self._reader = KafkaReader(settings=settings)
        self._appender: KafkaAppender | None = None
        self._log_id: str | None = None
        self._compared = False
        self._log = logger("log")
        self._problem = f"not connected to Kafka at {self._where()} yet"

    async def append(self, key: str, value: bytes) -> LogPosition:
        if self._appender is None:
            raise log_unavailable(self._problem)
        return await self._appender.append(key, value)

    async def read(self, partition: int, *, after: int, limit: int, wait: float = 0.0) -> Sequence[LogRecord]:
        await self.log_id()
        return await self._reader.read(partition, after=after, limit=limit, wait=wait)

    async def ends(self) -> Mapping[int, int]:
        await self.log_id()
        return await self._reader.ends()

    async def begins(self) -> Mapping[int, int]:
        await self.log_id()
        return await self._reader.begins()

    async def identify(self) -> str:
        await self.log_id()
        with kafka_errors():
            self._log_id = await asyncio.to_thread(self._identify)
        return self._log_id

    async def log_id(self) -> str:
        if self._log_id is None:
            raise log_unavailable(self._problem)
        return self._log_id

    @asynccontextmanager
    async def consumer(self, group: str, *, resume: Resume | None = None) -> AsyncIterator[LogConsumer]:
        """Open a member of a group. The members share the partitions; each member joins at its first `fetch`."""
        member = KafkaLogConsumer(
            settings=self._settings, group=f"{self._settings.topic}.{group}", log=self, resume=resume
        )
        try:
            yield member
        finally:
            await member.close()

    async def keep_connected(self, connected: asyncio.Event) -> None:
        """Connect, and reconnect after failures, until cancelled. Set `connected` at the first success.

        Raise WrongTopicError if the topic does not match the settings.
        """
        while True:
            self._appender = await self._connect()
            connected.set()
            await self._report_replicas()
            await self._appender.failed.wait()
            self._log.warning("Kafka does not acknowledge", bootstrap=self._where())
            self._problem = f"no acknowledgement from Kafka at {self._where()}"
            retired, self._appender = self._appender, None
            await asyncio.to_thread(retired.close)

    async def close(self) -> None:
        """Send the waiting records, and disconnect."""
        if self._appender is not None:
            await asyncio.to_thread(self._appender.close)
        await self._reader.close()

    async def _connect(self) -> KafkaAppender:
        try:
            producer = await retry(
                self._attempt,
                report=self._report,
                backoff=_BACKOFF,
                # Every other error may be temporary.
                is_temporary=lambda error: not isinstance(error, WrongTopicError),
            )
        except WrongTopicError as error:
            self._problem = str(error)
            self._log.error("Kafka cannot be used", bootstrap=self._where(), error=self._problem)
            raise
        self._log.info("connected to Kafka", bootstrap=self._where(), log_id=self._log_id)
        return KafkaAppender(producer=producer, settings=self._settings)

    async def _attempt(self) -> Producer:
        # From here on the log can be read, even while no producer can be built.
        self._log_id = await asyncio.to_thread(self._identify)
        if self._sets_retention:
            await self._set_retention()
        return await asyncio.to_thread(build_producer, self._settings)

    async def _set_retention(self) -> None:
        try:
            changed = await asyncio.to_thread(set_retention, self._settings, self._retention.time)
        except KafkaError as error:
            self._log.warning("the topic's retention time is not checked", topic=self._settings.topic, error=str(error))
        else:
            if changed:
                self._log.warning("the topic's retention time was changed", topic=self._settings.topic, **changed)

    async def _report_replicas(self) -> None:
        """Log once what is less safe than the settings ask for, or than three replicas."""
        if self._compared:
            return
        with suppress(KafkaError, OSError):
            found = await asyncio.to_thread(read_topic_replicas, self._settings)
            self._compared = True
            for fault in topic_faults(self._settings, found):
                self._log.warning("too few replicas", problem=fault.detail, remedy=fault.remedy)

    def _report(self, error: Exception) -> None:
        known, self._problem = self._problem, str(error) or type(error).__name__
        if self._problem != known:
            what = "Kafka has too few brokers" if isinstance(error, TooFewBrokersError) else "Kafka is unreachable"
            self._log.warning(what, bootstrap=self._where(), error=self._problem)

    def _where(self) -> str:
        return ",".join(self._settings.bootstrap)


@asynccontextmanager
async def open_kafka_log(
    settings: KafkaSettings,
    *,
    patience: float = 5.0,
    retention: RetentionSettings | None = None,
    sets_retention: bool = False,
) -> AsyncIterator[KafkaLog]:
    """Open the log on Kafka, and create its topic if it is missing.

    `retention`: of a new topic. `sets_retention`: also change an existing topic that has another retention time.
    `patience`: seconds to wait for Kafka before continuing without it.

    Raise WrongTopicError if Kafka reports another number of partitions within `patience`.
    """
    # The driver logs every failed connection, several times a second. This adapter logs each change once.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    log = KafkaLog(settings, retention=retention or RetentionSettings(), sets_retention=sets_retention)
    connected = asyncio.Event()
    keeping = asyncio.create_task(log.keep_connected(connected), name="keep connected to Kafka")
    arriving = asyncio.create_task(connected.wait())
    try:
        await asyncio.wait([keeping, arriving], timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        if keeping.done():
            keeping.result()
        yield log
    finally:
        for task in (keeping, arriving):
            task.cancel()
            with suppress(asyncio.CancelledError, WrongTopicError):
                await task
        await log.close()

"""The event log on Kafka, which is connected to when it is there, however late. The clients are in kafka_*.py."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

from kafka.errors import KafkaError

from kernel.errors import ChatlyError
from kernel.log.kafka_append import KafkaAppender, build_producer
from kernel.log.kafka_errors import log_unavailable
from kernel.log.kafka_group import KafkaLogConsumer
from kernel.log.kafka_read import KafkaReader
from kernel.log.kafka_settings import KafkaSettings
from kernel.log.kafka_topic import WrongTopicError, identify_topic
from kernel.log.ports import LogConsumer, LogPosition, LogRecord, Resume
from kernel.telemetry.logs import logger

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 2.0


class KafkaLog:
    """EventLog and LogReader. Until Kafka has been reached for the first time, everything is `LOG_UNAVAILABLE`."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._reader = KafkaReader(settings=settings)
        self._appender: KafkaAppender | None = None
        self._log_id = ""
        self._complaint = "not connected yet"

    async def append(self, key: str, value: bytes) -> LogPosition:
        if self._appender is None:
            raise self._away()
        return await self._appender.append(key, value)

    async def read(self, partition: int, *, after: int, limit: int, wait: float = 0.0) -> Sequence[LogRecord]:
        self.require_connection()
        return await self._reader.read(partition, after=after, limit=limit, wait=wait)

    async def ends(self) -> Mapping[int, int]:
        self.require_connection()
        return await self._reader.ends()

    async def log_id(self) -> str:
        self.require_connection()
        return self._log_id

    @asynccontextmanager
    async def consumer(self, group: str, *, resume: Resume | None = None) -> AsyncIterator[LogConsumer]:
        """A member of a group, which shares the partitions with the others; it joins with its first fetch."""
        member = KafkaLogConsumer(
            settings=self._settings, group=f"{self._settings.topic}.{group}", log=self, resume=resume
        )
        try:
            yield member
        finally:
            await member.close()

    async def connect(self) -> None:
        """Reach Kafka, however long that takes; raise WrongTopicError if the topic is not what the settings say."""
        pause = _FIRST_PAUSE
        while not await self._try_to_connect():
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def close(self) -> None:
        """Send what is waiting, and let go of the brokers."""
        if self._appender is not None:
            await asyncio.to_thread(self._appender.close)
        await self._reader.close()

    async def _try_to_connect(self) -> bool:
        try:
            log_id = await asyncio.to_thread(identify_topic, self._settings)
            producer = await asyncio.to_thread(build_producer, self._settings)
        except (KafkaError, OSError) as error:
            self._complaint = str(error) or type(error).__name__
            where = ",".join(self._settings.bootstrap)
            logger("log").warning("Kafka is not there yet", bootstrap=where, error=self._complaint)
            return False
        except WrongTopicError as error:
            self._complaint = str(error)
            logger("log").error("Kafka cannot be used", error=self._complaint)
            raise
        self._log_id = log_id
        self._appender = KafkaAppender(producer=producer, settings=self._settings)
        return True

    def require_connection(self) -> None:
        """Raise `LOG_UNAVAILABLE` if Kafka has never been reached."""
        if self._appender is None:
            raise self._away()

    def _away(self) -> ChatlyError:
        return log_unavailable(self._complaint)


@asynccontextmanager
async def open_kafka_log(settings: KafkaSettings, *, patience: float = 5.0) -> AsyncIterator[KafkaLog]:
    """The log on Kafka, its topic made if need be; `patience`: how long to wait for Kafka before going on without it.

    Raise WrongTopicError if the topic has another number of partitions, as far as that is known within `patience`.
    """
    log = KafkaLog(settings)
    connecting = asyncio.create_task(log.connect(), name="connect to Kafka")
    try:
        done, _ = await asyncio.wait([connecting], timeout=patience)
        if done:
            connecting.result()
        yield log
    finally:
        connecting.cancel()
        with suppress(asyncio.CancelledError, WrongTopicError):
            await connecting
        await log.close()

"""Every adapter of the event log, including the fake of the tests."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import pytest

from kernel.kafka.log import open_kafka_log
from kernel.kafka.settings import KafkaSettings
from kernel.log.ports import EventLog, LogConsumer, LogReader, Resume
from kernel.sqlite.log import open_sqlite_log
from tests.fakes import MemoryLog


class Log(EventLog, LogReader, Protocol):
    """All ports of one adapter of the log."""

    def consumer(self, group: str, *, resume: Resume | None = None) -> AbstractAsyncContextManager[LogConsumer]: ...


OpenLog = Callable[[], AbstractAsyncContextManager[Log]]
KAFKA = [pytest.param(client, marks=pytest.mark.engines("kafka")) for client in ("confluent", "kafka-python")]


@pytest.fixture(params=["sqlite", "memory", *KAFKA])
async def log(request: pytest.FixtureRequest) -> AsyncIterator[Log]:
    async with opener(request)() as opened:
        yield opened


@pytest.fixture(params=["sqlite", *KAFKA])
def open_log(request: pytest.FixtureRequest) -> OpenLog:
    """Opens the same durable log at each call, even while it is open, like another process."""
    return opener(request)


def opener(request: pytest.FixtureRequest) -> OpenLog:
    if request.param == "sqlite":
        path = request.getfixturevalue("tmp_path") / "log.db"
        return lambda: open_sqlite_log(path)
    if request.param == "memory":
        return open_memory_log
    settings = KafkaSettings(
        bootstrap=tuple(request.getfixturevalue("kafka_bootstrap").split(",")),
        topic=request.getfixturevalue("fresh_name"),
        partitions=4,
        replication=1,
        client_library=request.param,
    )
    return lambda: open_kafka_log(settings)


@asynccontextmanager
async def open_memory_log() -> AsyncIterator[MemoryLog]:
    yield MemoryLog()

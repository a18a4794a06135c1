"""Every adapter of the event log, the tests' own among them; a new one joins by one line."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import pytest

from kernel.log.ports import EventLog, LogConsumer, LogReader
from kernel.log.sqlite import open_sqlite_log
from tests.fakes import MemoryLog


class Log(EventLog, LogReader, Protocol):
    """What an adapter of the log is, as a whole."""

    def consumer(self, group: str) -> AbstractAsyncContextManager[LogConsumer]: ...


OpenLog = Callable[[], AbstractAsyncContextManager[Log]]


@asynccontextmanager
async def open_memory_log(_: Path) -> AsyncIterator[MemoryLog]:
    yield MemoryLog()


LOGS: dict[str, Callable[[Path], AbstractAsyncContextManager[Log]]] = {
    "sqlite": open_sqlite_log,
    "memory": open_memory_log,
}


@pytest.fixture(params=LOGS)
async def log(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Log]:
    async with LOGS[request.param](tmp_path / "log.db") as opened:
        yield opened


@pytest.fixture(params=["sqlite"])
def open_log(tmp_path: Path) -> OpenLog:
    """Opens the same lasting log at each call, also while it is open already: as another process does."""
    return lambda: open_sqlite_log(tmp_path / "log.db")

"""A persister over a log in memory and a real store."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from chatly.persister.v1.persister_service_pb2_grpc import PersisterServiceStub

from history.open import HistoryStore, open_history
from services.persister.settings import PersisterSettings
from services.persister.wiring import open_persister
from tests.fakes import MemoryLog, Served, a_platform, running


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[HistoryStore]:
    async with open_history(tmp_path) as opened:
        yield opened


@pytest.fixture
async def served(log: MemoryLog, store: HistoryStore, tmp_path: Path) -> AsyncIterator[Served]:
    async with (
        a_platform(data_dir=tmp_path, log=log) as platform,
        open_persister(PersisterSettings(), platform, store, timedelta(days=30)) as service,
        running(service) as served,
    ):
        yield served


@pytest.fixture
def stub(served: Served) -> PersisterServiceStub:
    return PersisterServiceStub(served.channel)

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from history.open import HistoryStore, open_history
from tests.unit.persister.harness import Persister


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[HistoryStore]:
    async with open_history(tmp_path) as opened:
        yield opened


@pytest.fixture
def persister(store: HistoryStore) -> Persister:
    return Persister(store)

"""Every adapter of the message store, the tail and the claims; a new one joins by one line."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from history.adapters.memory_claims import MemorySendClaims
from history.adapters.memory_tail import MemoryHotTail
from history.open import HistoryStore, open_history
from history.ports import HotTail, SendClaims

STORES = {"sqlite": open_history}
TAILS = {"memory": MemoryHotTail}
CLAIMS = {"memory": MemorySendClaims}


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[HistoryStore]:
    async with STORES[request.param](tmp_path) as opened:
        yield opened


@pytest.fixture(params=TAILS)
def tail(request: pytest.FixtureRequest) -> HotTail:
    return TAILS[request.param]()


@pytest.fixture(params=CLAIMS)
def claims(request: pytest.FixtureRequest) -> SendClaims:
    return CLAIMS[request.param]()

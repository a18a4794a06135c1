from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.rpc.messaging.town import Town, a_town


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with a_town(tmp_path) as town:
        yield town

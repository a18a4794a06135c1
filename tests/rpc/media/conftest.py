from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.rpc.media.harness import MediaNode, running_media


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[MediaNode]:
    async with running_media(tmp_path) as node:
        yield node

"""A persister as its operator sees it: records stored, and memory of its process."""

import asyncio
import re
import time
from typing import Self

import httpx
import psutil

from tests.e2e.mesh import Mesh

_APPLIED = re.compile(r"^chatly_persister_records_total (\S+)$", re.MULTILINE)
_LOOK_SECONDS = 0.25
_MOST_SECONDS = 1_800


class Watch:
    """Reads the metrics of a mesh's first persister."""

    def __init__(self, mesh: Mesh) -> None:
        self._url = f"http://{mesh.http['persister']}/metrics"
        self._process = psutil.Process(mesh.pid)
        self._client = httpx.AsyncClient(timeout=60)
        self.most_mib = 0.0
        self.last_mib = 0.0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def drained(self, number: int) -> float:
        """Return the records stored per second, once this many are stored. Raise TimeoutError if it takes too long."""
        began = time.monotonic()
        first = stored = await self._applied()
        async with asyncio.timeout(_MOST_SECONDS):
            while stored < number:
                await asyncio.sleep(_LOOK_SECONDS)
                stored = await self._applied()
        return (stored - first) / (time.monotonic() - began)

    async def _applied(self) -> float:
        self.last_mib = self._process.memory_info().rss / 2**20
        self.most_mib = max(self.most_mib, self.last_mib)
        found = _APPLIED.search((await self._client.get(self._url)).text)
        return float(found[1]) if found else 0.0

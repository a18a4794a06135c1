"""Counting failed attempts also while what all nodes share is away."""

from collections.abc import Collection

from kernel.retry import suppress_unavailable
from services.auth.ports import AttemptLimiter


class SpareAttempts:
    """AttemptLimiter that falls back on this process's own counts, so that people can log in meanwhile."""

    def __init__(self, *, shared: AttemptLimiter, spare: AttemptLimiter) -> None:
        self._shared = shared
        self._spare = spare

    async def wait(self, keys: Collection[str]) -> float:
        with suppress_unavailable():
            return await self._shared.wait(keys)
        return await self._spare.wait(keys)

    async def failed(self, keys: Collection[str]) -> None:
        # Counted here too at all times: whoever guesses does not begin anew when the others' counts are lost.
        await self._spare.failed(keys)
        with suppress_unavailable():
            await self._shared.failed(keys)

    async def succeeded(self, key: str) -> None:
        await self._spare.succeeded(key)
        with suppress_unavailable():
            await self._shared.succeeded(key)

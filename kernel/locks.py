"""Per-key locks and slots within this process."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Hashable, Iterator
from contextlib import asynccontextmanager, contextmanager
from weakref import WeakValueDictionary


class KeyedLock:
    """One lock per key. A lock exists while a task holds it or waits for it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def hold(self, *key: Hashable) -> AsyncIterator[None]:
        """Hold the lock of this key. Tasks that ask for the same key get it in the order in which they asked."""
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        async with lock:
            yield


class Slots:
    """A number of slots per key."""

    def __init__(self, most: int) -> None:
        """`most`: the number of slots of each key."""
        self.most = most
        self._held: Counter[Hashable] = Counter()

    def is_full(self, *key: Hashable) -> bool:
        """Return whether all slots of this key are held."""
        return self._held[key] >= self.most

    @contextmanager
    def hold(self, *key: Hashable) -> Iterator[None]:
        """Hold a slot of this key for the block. Call `is_full` first."""
        self._held[key] += 1
        try:
            yield
        finally:
            self._held[key] -= 1
            if not self._held[key]:
                del self._held[key]

"""Caches of limited size. They are for one event loop: no method waits, and no method is thread-safe."""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

from kernel.time import Clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """A cache of at most `capacity` values by key. When it is full, it drops the least recently used value."""

    def __init__(self, *, capacity: int) -> None:
        self._capacity = capacity
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """Return the value and mark it as most recently used; return None if the key is missing."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def peek(self, key: K) -> V | None:
        """Return the value without marking it as used; return None if the key is missing."""
        return self._values.get(key)

    def put(self, key: K, value: V) -> list[K]:
        """Store a value, mark it as most recently used, and return the keys that were dropped to make room."""
        self._values[key] = value
        self._values.move_to_end(key)
        dropped = []
        while len(self._values) > self._capacity:
            dropped.append(self._values.popitem(last=False)[0])
        return dropped

    def pop(self, key: K) -> V | None:
        """Remove a key and return its value, or None if the key is missing."""
        return self._values.pop(key, None)

    def clear(self) -> list[K]:
        """Remove everything, and return the keys."""
        keys = list(self._values)
        self._values.clear()
        return keys

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[K]:
        """Yield the keys, the least recently used key first."""
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class TtlCache(Generic[K, V]):
    """A cache of at most `capacity` values by key, each for `ttl` seconds. If it is full, it drops the oldest value."""

    def __init__(self, *, capacity: int, ttl: float, clock: Clock) -> None:
        self._capacity = capacity
        self._ttl = ttl
        self._clock = clock
        self._entries: OrderedDict[K, tuple[V, float]] = OrderedDict()

    def get(self, key: K, *, max_age: float | None = None) -> V | None:
        """Return the value of a key; None if it is missing or older than `max_age` seconds (default: `ttl`)."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        value, put_at = entry
        age = self._clock.monotonic() - put_at
        return value if age <= (self._ttl if max_age is None else min(max_age, self._ttl)) else None

    def put(self, key: K, value: V) -> None:
        """Store a value with the age 0, and drop all values that are older than `ttl`."""
        now = self._clock.monotonic()
        self._entries[key] = (value, now)
        self._entries.move_to_end(key)
        while len(self._entries) > self._capacity or now - self._oldest() > self._ttl:
            self._entries.popitem(last=False)

    def pop(self, key: K) -> None:
        """Remove a key, if it is there."""
        self._entries.pop(key, None)

    def clear(self) -> None:
        self._entries.clear()

    def __len__(self) -> int:
        """Return the number of values. Values older than `ttl` count until the next `put` drops them."""
        return len(self._entries)

    def _oldest(self) -> float:
        _, put_at = next(iter(self._entries.values()))
        return put_at

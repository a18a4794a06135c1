"""Caches with a bound. They are for one event loop: no method waits, and none is safe to call from another thread."""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

from kernel.time import Clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """At most `capacity` values by key. The least recently used one is dropped first."""

    def __init__(self, *, capacity: int) -> None:
        self._capacity = capacity
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """Return the value, which is now the most recently used one, or None."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def peek(self, key: K) -> V | None:
        """Return the value without using it, or None."""
        return self._values.get(key)

    def put(self, key: K, value: V) -> list[K]:
        """Store a value as the most recently used one, and return the keys that were dropped for it."""
        self._values[key] = value
        self._values.move_to_end(key)
        dropped = []
        while len(self._values) > self._capacity:
            dropped.append(self._values.popitem(last=False)[0])
        return dropped

    def pop(self, key: K) -> V | None:
        """Remove a key; return its value, or None."""
        return self._values.pop(key, None)

    def clear(self) -> list[K]:
        """Remove everything, and return the keys."""
        keys = list(self._values)
        self._values.clear()
        return keys

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[K]:
        """Keys, the least recently used one first."""
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class TtlCache(Generic[K, V]):
    """At most `capacity` values by key, each for `ttl` seconds after it was put. The oldest one is dropped first."""

    def __init__(self, *, capacity: int, ttl: float, clock: Clock) -> None:
        self._capacity = capacity
        self._ttl = ttl
        self._clock = clock
        self._entries: OrderedDict[K, tuple[V, float]] = OrderedDict()

    def get(self, key: K, *, max_age: float | None = None) -> V | None:
        """Return the value, or None if it was put more than `max_age` seconds ago (`ttl` by default), or never."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        value, put_at = entry
        age = self._clock.monotonic() - put_at
        return value if age <= (self._ttl if max_age is None else min(max_age, self._ttl)) else None

    def put(self, key: K, value: V) -> None:
        """Store a value with the age 0. Values that are older than `ttl` are dropped."""
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
        """Number of stored values. Values older than `ttl` count until the next `put`."""
        return len(self._entries)

    def _oldest(self) -> float:
        _, put_at = next(iter(self._entries.values()))
        return put_at

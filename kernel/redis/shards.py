"""How channels are spread over a cluster, and how a barrier message still arrives last. Opens no connection."""

import secrets
from collections.abc import Collection, Sequence
from itertools import count
from zlib import crc32

from kernel.cache import BoundedCache

_LOSSES = "(losses)"
_ID_BYTES = 16
_MAX_OPEN_BARRIERS = 1_024


class Shards:
    """Spreads channels over shards. The channels of a shard keep their order: they share a slot, and so a Redis server.

    Every channel belongs to one shard, except for barriers: a message on a barrier is sent on every shard.
    """

    def __init__(self, *, count: int, prefix: str, barriers: Collection[str]) -> None:
        self.count = count
        self.barriers = frozenset(barriers)
        self._prefixes = [f"{prefix}{{bus:{shard}}}:" for shard in range(count)]

    def of(self, channel: str) -> Sequence[int]:
        """Return the shards of a channel."""
        if channel in self.barriers:
            return range(self.count)
        return (crc32(channel.encode()) % self.count,)

    def name(self, shard: int, channel: str) -> str:
        """Return the name in Redis of a channel on a shard."""
        return self._prefixes[shard] + channel

    def channel(self, shard: int, name: str) -> str:
        """Return the channel that has this name in Redis."""
        return name[len(self._prefixes[shard]) :]

    def losses(self, shard: int) -> str:
        """Return the name in Redis of the channel that reports the lost messages of a shard."""
        return self.name(shard, _LOSSES)

    def by_shard(self, channels: Collection[str]) -> dict[int, list[str]]:
        """Return the names in Redis of these channels, grouped by shard."""
        names: dict[int, list[str]] = {}
        for channel in channels:
            for shard in self.of(channel):
                names.setdefault(shard, []).append(self.name(shard, channel))
        return names


class BarrierIds:
    """Adds an id to each barrier message, so that its copies can be matched."""

    def __init__(self) -> None:
        self._publisher = secrets.token_bytes(_ID_BYTES // 2)
        self._numbers = count()

    def with_id(self, payload: bytes) -> bytes:
        """Return the payload with a new id in front."""
        return self._publisher + next(self._numbers).to_bytes(_ID_BYTES // 2, "big") + payload


class Barriers:
    """Holds a barrier message back until its copies have arrived on all shards, after all earlier messages."""

    def __init__(self, *, shards: int) -> None:
        self._shards = shards
        self._seen: BoundedCache[bytes, set[int]] = BoundedCache(capacity=_MAX_OPEN_BARRIERS)

    def passed(self, shard: int, with_id: bytes) -> bytes | None:
        """Return the payload if this is the last copy of its message, else None.

        A message whose copies do not all arrive is dropped once many later messages have come.
        """
        message_id, payload = with_id[:_ID_BYTES], with_id[_ID_BYTES:]
        shards = {shard} | (self._seen.pop(message_id) or set())
        if len(shards) == self._shards:
            return payload
        self._seen.put(message_id, shards)
        return None

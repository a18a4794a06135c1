"""How channels are spread over a cluster, and how what must come last still does. Pure: no connection here."""

import secrets
from collections.abc import Collection, Sequence
from itertools import count
from zlib import crc32

from kernel.cache import BoundedCache

_LOSSES = "(losses)"
_STAMP_BYTES = 16
_REMEMBERED = 1_024


class Shards:
    """A shard is a part of the bus that keeps order: all its channels lie in one slot of a cluster, so on one node.

    Every channel has one shard, but for barriers: their messages go down every shard.
    """

    def __init__(self, *, count: int, prefix: str, barriers: Collection[str]) -> None:
        self.count = count
        self.barriers = frozenset(barriers)
        self._prefixes = [f"{prefix}{{bus:{shard}}}:" for shard in range(count)]

    def of(self, channel: str) -> Sequence[int]:
        """The shards that carry a channel."""
        if channel in self.barriers:
            return range(self.count)
        return (crc32(channel.encode()) % self.count,)

    def name(self, shard: int, channel: str) -> str:
        """What Redis calls a channel on a shard."""
        return self._prefixes[shard] + channel

    def channel(self, shard: int, name: str) -> str:
        """Undo `name`."""
        return name[len(self._prefixes[shard]) :]

    def losses(self, shard: int) -> str:
        """Where publishers say that they could not send something on a shard, as `name` gives it."""
        return self.name(shard, _LOSSES)

    def by_shard(self, channels: Collection[str]) -> dict[int, list[str]]:
        """Redis's names of channels, by shard."""
        names: dict[int, list[str]] = {}
        for channel in channels:
            for shard in self.of(channel):
                names.setdefault(shard, []).append(self.name(shard, channel))
        return names


class BarrierIds:
    """Marks each message to a barrier, so that its copies are known again."""

    def __init__(self) -> None:
        self._publisher = secrets.token_bytes(_STAMP_BYTES // 2)
        self._numbers = count()

    def with_id(self, payload: bytes) -> bytes:
        return self._publisher + next(self._numbers).to_bytes(_STAMP_BYTES // 2, "big") + payload


class Barriers:
    """Holds a message to a barrier back until it has come down every shard: what was published before it came first."""

    def __init__(self, *, shards: int) -> None:
        self._shards = shards
        self._seen: BoundedCache[bytes, set[int]] = BoundedCache(capacity=_REMEMBERED)

    def passed(self, shard: int, with_id: bytes) -> bytes | None:
        """The payload if this was the last copy. One whose copies do not all come is forgotten in time."""
        stamp, payload = with_id[:_STAMP_BYTES], with_id[_STAMP_BYTES:]
        shards = {shard} | (self._seen.pop(stamp) or set())
        if len(shards) == self._shards:
            return payload
        self._seen.put(stamp, shards)
        return None

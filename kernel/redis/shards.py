"""How channels are spread over a cluster, and how what must come last still does. Pure: no connection here."""

import secrets
from collections.abc import Collection, Sequence
from itertools import count
from zlib import crc32

from kernel.cache import BoundedCache

_LOSSES = "(losses)"
_STAMP_BYTES = 16
_REMEMBERED = 1_024


class Lanes:
    """A lane is a part of the bus that keeps order: all its channels lie in one slot of a cluster, so on one node.

    Every channel has one lane, but for fences: their messages go down every lane.
    """

    def __init__(self, *, count: int, prefix: str, fences: Collection[str]) -> None:
        self.count = count
        self.fences = frozenset(fences)
        self._prefixes = [f"{prefix}{{bus:{lane}}}:" for lane in range(count)]

    def of(self, channel: str) -> Sequence[int]:
        """The lanes that carry a channel."""
        if channel in self.fences:
            return range(self.count)
        return (crc32(channel.encode()) % self.count,)

    def name(self, lane: int, channel: str) -> str:
        """What Redis calls a channel on a lane."""
        return self._prefixes[lane] + channel

    def channel(self, lane: int, name: str) -> str:
        """Undo `name`."""
        return name[len(self._prefixes[lane]) :]

    def losses(self, lane: int) -> str:
        """Where publishers say that they could not send something on a lane, as `name` gives it."""
        return self.name(lane, _LOSSES)

    def by_lane(self, channels: Collection[str]) -> dict[int, list[str]]:
        """Redis's names of channels, by lane."""
        names: dict[int, list[str]] = {}
        for channel in channels:
            for lane in self.of(channel):
                names.setdefault(lane, []).append(self.name(lane, channel))
        return names


class Stamps:
    """Marks each message to a fence, so that its copies are known again."""

    def __init__(self) -> None:
        self._publisher = secrets.token_bytes(_STAMP_BYTES // 2)
        self._numbers = count()

    def stamped(self, payload: bytes) -> bytes:
        return self._publisher + next(self._numbers).to_bytes(_STAMP_BYTES // 2, "big") + payload


class Fences:
    """Holds a message to a fence back until it has come down every lane: what was published before it came first."""

    def __init__(self, *, lanes: int) -> None:
        self._lanes = lanes
        self._seen: BoundedCache[bytes, set[int]] = BoundedCache(capacity=_REMEMBERED)

    def passed(self, lane: int, stamped: bytes) -> bytes | None:
        """The payload if this was the last copy. One whose copies do not all come is forgotten in time."""
        stamp, payload = stamped[:_STAMP_BYTES], stamped[_STAMP_BYTES:]
        lanes = {lane} | (self._seen.pop(stamp) or set())
        if len(lanes) == self._lanes:
            return payload
        self._seen.put(stamp, lanes)
        return None

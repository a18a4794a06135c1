"""Identifiers: random UUIDs, and TimeUUIDs from a hybrid logical clock."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import NewType
from uuid import UUID, uuid4

from kernel.time import Clock

UserId = NewType("UserId", str)
"""UUID text, lower case."""
SessionId = NewType("SessionId", str)
"""UUID text, lower case."""

_TICKS_PER_SECOND = 10_000_000
_GREGORIAN_EPOCH = datetime(1582, 10, 15, tzinfo=UTC)
_MAX_TICKS = (1 << 60) - 1


def random_id() -> str:
    """A new random UUID as text."""
    return str(uuid4())


def ticks_of(moment: datetime) -> int:
    """100 ns steps since 1582-10-15, the time base of version 1 UUIDs."""
    delta = moment - _GREGORIAN_EPOCH
    return (delta.days * 86_400 + delta.seconds) * _TICKS_PER_SECOND + delta.microseconds * 10


def time_of(time_uuid: UUID) -> datetime:
    """The wall-clock time in a TimeUUID, in UTC, to the microsecond."""
    return _GREGORIAN_EPOCH + timedelta(microseconds=time_uuid.time // 10)


def time_key(time_uuid: UUID) -> bytes:
    """16 bytes that sort as TimeUUIDs do: by time, then by clock sequence and node. Undone by `from_time_key`."""
    # The UUID's own properties take twice as long, and every event is compared by these.
    raw = time_uuid.bytes
    return bytes((raw[6] & 0x0F, raw[7])) + raw[4:6] + raw[:4] + raw[8:]


def from_time_key(key: bytes) -> UUID:
    """The TimeUUID whose `time_key` this is."""
    return UUID(bytes=key[4:8] + key[2:4] + bytes((key[0] & 0x0F | 0x10, key[1])) + key[8:])


class HybridClock:
    """Gives TimeUUIDs that grow: later than every one it gave, and than every one it was shown.

    So an answer sorts after what it answers, also across nodes whose wall clocks disagree.
    """

    def __init__(self, *, clock: Clock, tail: bytes | None = None) -> None:
        """`tail`: 8 bytes that tell this process apart (clock sequence and node); random unless given."""
        random_tail = bytearray(tail or secrets.token_bytes(8))
        random_tail[0] = random_tail[0] & 0x3F | 0x80
        # A set multicast bit marks a node that is no hardware address (RFC 9562, 6.10).
        random_tail[2] |= 0x01
        self._clock = clock
        self._tail = bytes(random_tail)
        self._last = 0

    def next(self) -> UUID:
        """A new TimeUUID."""
        self._last = min(max(ticks_of(self._clock.now()), self._last + 1), _MAX_TICKS)
        return from_time_key(self._last.to_bytes(8, "big") + self._tail)

    def observe(self, time_uuid: UUID) -> None:
        """What comes next will be later than this one."""
        self._last = max(self._last, time_uuid.time)

"""Identifiers: random UUIDs, and TimeUUIDs of a hybrid logical clock."""

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
    """Return a new random UUID as text."""
    return str(uuid4())


def ticks_of(moment: datetime) -> int:
    """Return a time in steps of 100 ns since 1582-10-15, as version 1 UUIDs count it."""
    delta = moment - _GREGORIAN_EPOCH
    return (delta.days * 86_400 + delta.seconds) * _TICKS_PER_SECOND + delta.microseconds * 10


def time_of(time_uuid: UUID) -> datetime:
    """Return the time of a TimeUUID, in UTC, to the microsecond."""
    return _GREGORIAN_EPOCH + timedelta(microseconds=time_uuid.time // 10)


def time_key(time_uuid: UUID) -> bytes:
    """Return 16 bytes that sort like TimeUUIDs: by time, then by clock sequence and node."""
    # The properties of UUID take twice as long, and every comparison of events uses this function.
    raw = time_uuid.bytes
    return bytes((raw[6] & 0x0F, raw[7])) + raw[4:6] + raw[:4] + raw[8:]


def from_time_key(key: bytes) -> UUID:
    """Return the TimeUUID of a `time_key`."""
    return UUID(bytes=key[4:8] + key[2:4] + bytes((key[0] & 0x0F | 0x10, key[1])) + key[8:])


class HybridClock:
    """Generates growing TimeUUIDs: each is later than all that it generated or observed before.

    So a reply sorts after the message that it answers, even if the wall clocks of two nodes disagree.
    """

    def __init__(self, *, clock: Clock, tail: bytes | None = None) -> None:
        """`tail`: 8 bytes that identify this process (clock sequence and node); random by default."""
        random_tail = bytearray(tail or secrets.token_bytes(8))
        random_tail[0] = random_tail[0] & 0x3F | 0x80
        # The multicast bit marks a node that is not a hardware address (RFC 9562, 6.10).
        random_tail[2] |= 0x01
        self._clock = clock
        self._tail = bytes(random_tail)
        self._last = 0

    def next(self) -> UUID:
        """Return a new TimeUUID."""
        self._last = min(max(ticks_of(self._clock.now()), self._last + 1), _MAX_TICKS)
        return from_time_key(self._last.to_bytes(8, "big") + self._tail)

    def observe(self, time_uuid: UUID) -> None:
        """Make sure that the next TimeUUID is later than this one."""
        self._last = max(self._last, time_uuid.time)

"""Identifiers: random UUIDs, and TimeUUIDs of a hybrid logical clock."""

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NewType
from uuid import UUID, uuid4

from kernel.time import Clock

UserId = NewType("UserId", str)
"""UUID text, lower case."""
SessionId = NewType("SessionId", str)
"""UUID text, lower case."""

MAX_AHEAD = timedelta(minutes=1)
"""The most that ids may be ahead of a clock. If two clocks of a mesh differ by more, one of them is wrong."""

_TICKS_PER_SECOND = 10_000_000
_GREGORIAN_EPOCH = datetime(1582, 10, 15, tzinfo=UTC)
_MAX_TICKS = (1 << 60) - 1
_VERSION_BITS = 0xF << 76 | 0b11 << 62
_VERSION_7 = 0x7 << 76 | 0b10 << 62
_MAX_TICKS_AHEAD = int(MAX_AHEAD.total_seconds()) * _TICKS_PER_SECOND


def random_id() -> str:
    """Return a new random UUID as text."""
    return str(uuid4())


def ticks_of(moment: datetime) -> int:
    """Return a time in steps of 100 ns since 1582-10-15, the unit of version 1 UUIDs."""
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


def created_at(random_uuid: UUID) -> float | None:
    """Return the time in a version 7 UUID, in seconds since 1970, or None for a UUID of another version."""
    # The property `version` takes longer.
    return (random_uuid.int >> 80) / 1_000 if random_uuid.int & _VERSION_BITS == _VERSION_7 else None


class HybridClock:
    """Generates growing TimeUUIDs: each is later than all that it generated or observed before.

    It ignores observed ids that are more than `MAX_AHEAD` ahead of its clock. So a node whose clock is wrong by years
    does not move the clocks of other nodes.
    """

    def __init__(self, *, clock: Clock, tail: bytes | None = None, follow_corrections: bool = False) -> None:
        """`tail`: 8 bytes that identify this process (clock sequence and node); random by default.

        `follow_corrections`: after the clock was set back by more than two minutes, new ids go back too, with another
        tail. By default, ids keep growing from the last id.
        """
        self._clock = clock
        self._tail = valid_tail(tail or secrets.token_bytes(8))
        self._last = 0
        self._follow_corrections = follow_corrections

    def next(self, *, after: Iterable[UUID | None] = ()) -> UUID:
        """Return a new TimeUUID, later than all of `after`, however far ahead they are. A None in `after` is ignored.

        An id in `after` that is more than `MAX_AHEAD` ahead of the clock affects this TimeUUID only, not the later
        ones.
        """
        newest = 0
        for earlier in after:
            if earlier is not None and earlier.time > newest:
                newest = earlier.time
        now = ticks_of(self._clock.now())
        if newest > now + _MAX_TICKS_AHEAD:
            return _far_ahead(newest)
        # Twice the limit: an observed id may be one limit ahead although the clock was not set back.
        if self._follow_corrections and self._last > now + 2 * _MAX_TICKS_AHEAD:
            # The present tail may be in use with the times after `now`.
            self._last, self._tail = 0, valid_tail(secrets.token_bytes(8))
        self._last = min(max(now, newest + 1, self._last + 1), _MAX_TICKS)
        return from_time_key(self._last.to_bytes(8, "big") + self._tail)

    def observe(self, time_uuid: UUID) -> None:
        """Make the next TimeUUID later than this one, unless this one is more than `MAX_AHEAD` ahead of the clock."""
        # Compare with the last id first: most observed ids are older, and reading the clock costs more than the
        # comparison.
        if time_uuid.time > self._last and time_uuid.time <= ticks_of(self._clock.now()) + _MAX_TICKS_AHEAD:
            self._last = time_uuid.time


def valid_tail(tail: bytes) -> bytes:
    """Return clock sequence and node with the variant of RFC 9562 and the multicast bit: not a hardware address."""
    return bytes((tail[0] & 0x3F | 0x80, tail[1], tail[2] | 0x01)) + tail[3:]


def _far_ahead(newest: int) -> UUID:
    """Return a unique TimeUUID, about a millisecond at most after `newest` ticks."""
    # Random ticks: nodes that change the same thing at once do not share a clock here, and Cassandra compares ticks
    # alone.
    ticks = min(newest + 1 + secrets.randbelow(_TICKS_PER_SECOND // 1_000), _MAX_TICKS)
    return from_time_key(ticks.to_bytes(8, "big") + valid_tail(secrets.token_bytes(8)))

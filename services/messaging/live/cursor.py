"""Positions of a subscription in the event log: the cursor that clients hold, and the watermark it follows."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from history.codec import read_varint, varint
from kernel.errors import ChatlyError, Code
from services.messaging.errors import MessagingReason

_FORMAT = 1
_MAX_NUMBER = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Cursor:
    """The client has received every event at or below these ordinals (partition → ordinal).

    `log_id`: identity of an epoch of the log. With it a store that was created again is noticed.
    """

    log_id: str
    offsets: Mapping[int, int]


class LogLineage(Protocol):
    """The log of this mesh with all its epochs: ordinals of all of them can be compared."""

    @property
    def identity(self) -> str:
        """The name of the newest epoch."""
        ...

    async def knows(self, identity: str, offsets: Mapping[int, int]) -> bool:
        """Return whether these ordinals of an epoch with this name can be compared with those of this log.

        Raise UNAVAILABLE `STORE_UNAVAILABLE` if that is unknown.
        """
        ...


def encode(cursor: Cursor) -> str:
    """Return URL-safe text without padding. Equal cursors give equal text."""
    log_id = cursor.log_id.encode()
    data = bytearray([_FORMAT])
    data += varint(len(log_id)) + log_id
    for partition, offset in sorted(cursor.offsets.items()):
        data += varint(partition) + varint(offset)
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> Cursor:
    """Return the cursor of a text that `encode` made; raise INVALID_CURSOR for any other text."""
    try:
        cursor = _parse(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except ValueError as error:
        raise _invalid() from error
    # `encode` writes each cursor in one way only.
    if encode(cursor) != text:
        raise _invalid()
    return cursor


def _parse(data: bytes) -> Cursor:
    if data[:1] != bytes([_FORMAT]):
        raise ValueError("unknown format")
    length, start = read_varint(data, 1)
    end = start + length
    log_id = data[start:end].decode()
    offsets: dict[int, int] = {}
    while end < len(data):
        partition, end = read_varint(data, end)
        offsets[partition], end = read_varint(data, end)
        if max(partition, offsets[partition]) > _MAX_NUMBER:
            raise ValueError("number too large")
    return Cursor(log_id, offsets)


def _invalid() -> ChatlyError:
    message = "cursor: must be empty or come from an earlier subscription"
    return ChatlyError(Code.INVALID_ARGUMENT, MessagingReason.INVALID_CURSOR, message)


class Watermark:
    """The newest stored offset of each partition, as this node received it on the bus. It only grows.

    The persister publishes the events of a batch before the batch's watermark. So a node that has handled everything
    up to a watermark has handled every event at or below it.
    """

    def __init__(self) -> None:
        self.offsets: Mapping[int, int] = {}
        """Never changed in place: each advance makes a new mapping."""

    def advance(self, stored: Mapping[int, int]) -> None:
        """Take in newer offsets (partition → offset) of any partitions."""
        newer = {partition: offset for partition, offset in stored.items() if offset > self.offsets.get(partition, -1)}
        if newer:
            self.offsets = {**self.offsets, **newer}


def covers(offsets: Mapping[int, int], others: Mapping[int, int]) -> bool:
    """Return whether `offsets` are at or past `others` in every partition."""
    return all(offsets.get(partition, -1) >= offset for partition, offset in others.items())

"""The cursor that a client holds, and the watermark that cursors follow. Both are positions in the event log."""

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
    """A position up to which the client has received every event, as partition → ordinal.

    `log_id` is the identity of the log's epoch at that time. By this identity the server notices that the store was
    created again.
    """

    log_id: str
    offsets: Mapping[int, int]


class LogLineage(Protocol):
    """The log with all its epochs. The ordinals of all these epochs can be compared."""

    @property
    def identity(self) -> str:
        """The identity of the newest epoch."""
        ...

    async def knows(self, identity: str, offsets: Mapping[int, int]) -> bool:
        """Return whether ordinals of the epoch with this identity can be compared with the ordinals of this log.

        Raise UNAVAILABLE `STORE_UNAVAILABLE` if that is unknown.
        """
        ...

    async def stored_offsets(self) -> Mapping[int, int]:
        """Return the offset in the newest epoch's log up to which the store has each partition; nothing or -1 for none.

        `identity` is then the identity of that epoch, or of a later one.
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
    # `encode` writes each cursor in one way only, so it did not write this text.
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
    """For each partition, the offset up to which the store has everything, as far as this node knows. It only grows.

    The persister publishes the events of a batch before the batch's watermark. So a node that has handled all messages
    up to a watermark has handled every event at or below that watermark.
    """

    def __init__(self) -> None:
        self.offsets: Mapping[int, int] = {}
        """Each advance replaces this mapping. It is never changed in place."""

    def advance(self, stored: Mapping[int, int]) -> None:
        """Take in those offsets (partition → offset) that are newer, and ignore the others."""
        newer = {partition: offset for partition, offset in stored.items() if offset > self.offsets.get(partition, -1)}
        if newer:
            self.offsets = {**self.offsets, **newer}

"""The cursor of a subscription: positions of one event log as opaque text. Pure."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from history.codec import read_varint, varint
from kernel.errors import ChatlyError, Code
from services.messaging.errors import MessagingReason

_FORMAT = 1
_MAX_NUMBER = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Cursor:
    """Everything at or below these offsets (partition → offset) of this log has been delivered."""

    log_id: str
    offsets: Mapping[int, int]


def encode(cursor: Cursor) -> str:
    """URL-safe text without padding; the same for equal cursors."""
    log_id = cursor.log_id.encode()
    data = bytearray([_FORMAT])
    data += varint(len(log_id)) + log_id
    for partition, offset in sorted(cursor.offsets.items()):
        data += varint(partition) + varint(offset)
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> Cursor:
    """Undo `encode`; raise INVALID_CURSOR for what it never made."""
    try:
        cursor = _parse(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except ValueError as error:
        raise _invalid() from error
    # Other spellings of the same positions were not made here either.
    if encode(cursor) != text:
        raise _invalid()
    return cursor


def _parse(data: bytes) -> Cursor:
    if data[:1] != bytes([_FORMAT]):
        raise ValueError("another format")
    length, start = read_varint(data, 1)
    end = start + length
    log_id = data[start:end].decode()
    offsets: dict[int, int] = {}
    while end < len(data):
        partition, end = read_varint(data, end)
        offsets[partition], end = read_varint(data, end)
        if max(partition, offsets[partition]) > _MAX_NUMBER:
            raise ValueError("no log is that long")
    return Cursor(log_id, offsets)


def _invalid() -> ChatlyError:
    return ChatlyError(
        Code.INVALID_ARGUMENT, MessagingReason.INVALID_CURSOR, "cursor: no subscription gave this one out"
    )

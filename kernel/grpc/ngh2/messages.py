"""Messages of gRPC in the data of a stream: their frame of five bytes, compression and the limit of their size."""

import zlib
from typing import Final

import grpc

from kernel.grpc.client import MAX_MESSAGE_BYTES

_FRAME_BYTES: Final = 5
_COMPRESSED: Final = 1
# Window bits with which zlib reads and writes each format.
_WINDOW_BITS: Final = {b"gzip": 31, b"deflate": 15}

ENCODINGS: Final = b"identity, deflate, gzip"


class CallError(Exception):
    """A call ends with this status: its peer or its handler broke a rule."""

    def __init__(self, code: grpc.StatusCode, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def known(encoding: bytes) -> bool:
    """Whether messages in this encoding can be read and written."""
    return encoding in _WINDOW_BITS


def framed(message: bytes, encoding: bytes | None = None) -> bytes:
    """Return a message with its frame, compressed if `encoding` is given. Raise CallError if it is too long."""
    if encoding is not None:
        packer = zlib.compressobj(wbits=_WINDOW_BITS[encoding])
        message = packer.compress(message) + packer.flush()
    if len(message) > MAX_MESSAGE_BYTES:
        raise _too_long("Sent", len(message))
    return (b"\0" if encoding is None else b"\1") + len(message).to_bytes(4, "big") + message


class Inbox:
    """Messages that arrived on one stream and are not read yet."""

    __slots__ = ("_buffer", "_encoding", "_messages", "bytes")

    def __init__(self, encoding: bytes | None) -> None:
        """`encoding` of compressed messages, as the client announced it."""
        self._encoding = encoding
        self._buffer = bytearray()
        self._messages: list[tuple[int, bytes]] = []
        self.bytes = 0
        """The total length of the messages."""

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def partial(self) -> bool:
        """Whether a part of a message arrived, and its rest did not."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> None:
        """Add data of the stream. Raise CallError for a message that is too long or in an unknown encoding."""
        buffer = self._buffer
        if not buffer and len(data) >= _FRAME_BYTES and len(data) == _FRAME_BYTES + self._checked_length(data):
            # Most frames of HTTP/2 carry exactly one message.
            self._add(data[0], data[_FRAME_BYTES:])
            return
        buffer += data
        start = 0
        while len(buffer) - start >= _FRAME_BYTES:
            length = self._checked_length(buffer, start)
            end = start + _FRAME_BYTES + length
            if len(buffer) < end:
                break
            self._add(buffer[start], bytes(buffer[start + _FRAME_BYTES : end]))
            start = end
        del buffer[:start]

    def pop(self) -> bytes:
        """Remove and return the oldest message, decompressed."""
        flag, message = self._messages.pop(0)
        self.bytes -= len(message)
        return self._unpacked(message) if flag else message

    def _add(self, flag: int, message: bytes) -> None:
        self._messages.append((flag, message))
        self.bytes += len(message)

    def _checked_length(self, frame: bytes | bytearray, start: int = 0) -> int:
        flag = frame[start]
        if flag > _COMPRESSED or (flag and self._encoding is None):
            raise CallError(grpc.StatusCode.INTERNAL, "Compressed flag set, but grpc-encoding names no encoding")
        length = int.from_bytes(frame[start + 1 : start + _FRAME_BYTES], "big")
        if length > MAX_MESSAGE_BYTES:
            raise _too_long("Received", length)
        return length

    def _unpacked(self, message: bytes) -> bytes:
        unpacker = zlib.decompressobj(_WINDOW_BITS[self._encoding or b""])
        try:
            plain = unpacker.decompress(message, MAX_MESSAGE_BYTES + 1)
        except zlib.error as error:
            raise CallError(grpc.StatusCode.INTERNAL, f"A message cannot be decompressed: {error}") from error
        if len(plain) > MAX_MESSAGE_BYTES:
            raise _too_long("Received", len(plain))
        if not unpacker.eof:
            raise CallError(grpc.StatusCode.INTERNAL, "A message cannot be decompressed: its end is missing")
        return plain


def _too_long(what: str, length: int) -> CallError:
    text = f"{what} message larger than max ({length} vs. {MAX_MESSAGE_BYTES})"
    return CallError(grpc.StatusCode.RESOURCE_EXHAUSTED, text)

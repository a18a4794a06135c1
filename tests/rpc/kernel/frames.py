"""A client that sends any frames of HTTP/2, also such as no client should send."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from hpack import Decoder, Encoder

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS, ACK = 1, 4, 1
ENHANCE_YOUR_CALM = 11
REFUSED_STREAM = 7
REQUEST = (
    (":method", "POST"),
    (":scheme", "http"),
    (":path", "/test.Bare/Do"),
    (":authority", "test"),
    ("content-type", "application/grpc"),
    ("te", "trailers"),
)


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def block(headers: Iterable[tuple[str, str]] = REQUEST) -> bytes:
    """Return a header block that adds nothing to the table of the connection."""
    return bytes(Encoder().encode([(name, value, True) for name, value in headers], huffman=False))


def request(stream: int, *more: tuple[str, str], ended: bool = False, **replaced: str) -> bytes:
    """Return the headers of a call. `replaced`: `method="GET"` for the header `:method`, `content_type=…`."""
    names = {name.lstrip(":").replace("-", "_"): name for name, _ in REQUEST}
    changed = {names[key]: value for key, value in replaced.items()}
    headers = [*((name, changed.get(name, value)) for name, value in REQUEST), *more]
    return frame(HEADERS, END_HEADERS | (END_STREAM if ended else 0), stream, block(headers))


def message(stream: int, payload: bytes, *, flag: int = 0, length: int | None = None, ended: bool = True) -> bytes:
    """Return a DATA frame with a message. `length`: the one that it claims to have."""
    size = len(payload) if length is None else length
    return frame(DATA, END_STREAM if ended else 0, stream, bytes([flag]) + size.to_bytes(4, "big") + payload)


@dataclass
class RawClient:
    """One connection, after the preface."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    _decoder: Decoder = field(default_factory=Decoder)

    async def send(self, data: bytes) -> None:
        """Send without waiting for a server that does not read."""
        self.writer.write(data)

    async def next_frame(self) -> tuple[int, int, int, bytes] | None:
        """Return kind, flags, stream and payload of the next frame, or None if the server has closed."""
        try:
            head = await self.reader.readexactly(9)
            payload = await self.reader.readexactly(int.from_bytes(head[:3], "big"))
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            return None
        return head[3], head[4], int.from_bytes(head[5:], "big"), payload

    async def answer(self, stream: int) -> dict[str, str]:
        """Return all headers and trailers of the response on a stream, and `reset` if it was reset before its end."""
        found: dict[str, str] = {}
        while (item := await self.next_frame()) is not None:
            kind, flags, on, payload = item
            if kind == HEADERS:
                headers = {str(name): str(value) for name, value in self._decoder.decode(payload)}
                if on == stream:
                    found |= headers
            if on == stream and kind == RST_STREAM:
                return found | {"reset": str(int.from_bytes(payload, "big"))}
            if on == stream and flags & END_STREAM and kind in {HEADERS, DATA}:
                return found
        return found | {"closed": "by the server"}

    async def end(self) -> int | None:
        """Read until the server closes. Return the error code of its last GOAWAY, None if it said nothing."""
        code = None
        while (item := await self.next_frame()) is not None:
            if item[0] == GOAWAY:
                code = int.from_bytes(item[3][4:8], "big")
        return code


@asynccontextmanager
async def raw_client(
    port: int, context: ssl.SSLContext | None = None, *, settings: bytes = b"", preface: bytes = PREFACE
) -> AsyncIterator[RawClient]:
    """Connect, and send the preface with the payload of a SETTINGS frame."""
    name = None if context is None else "test"
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)
    client = RawClient(reader, writer)
    writer.write(preface + (frame(SETTINGS, 0, 0, settings) if preface == PREFACE else b""))
    try:
        yield client
    finally:
        writer.transport.abort()

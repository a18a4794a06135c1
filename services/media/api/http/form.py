"""A parser of multipart forms. It streams files, so that none is in memory as a whole."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from kernel.errors import ChatlyError, Code, KernelReason, invalid_field

MAX_PARTS = 64
_MAX_DELIMITERS = 4 * MAX_PARTS
MAX_FRAMING_BYTES = 64 * 1024
"""The maximum of bytes that belong to no field: boundaries, headers, and what precedes and follows the fields."""
MAX_UNREAD_BYTES = 1024 * 1024
"""The maximum of bytes in fields that nobody reads."""
_MAX_FIELD_BYTES = 16 * 1024
# The parser needs up to 0.4 µs per byte of framing, and 1 ns per byte of a file.
_SLICE_BYTES = 4 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form. Read its bytes before you request the next field."""

    name: str
    file_name: str | None
    """The name of the file, or None for a text field."""
    chunks: AsyncIterator[bytes]

    async def text(self) -> str:
        """Return the value of a text field. Raise INVALID_FIELD if it exceeds 16 KiB or is not UTF-8."""
        value = bytearray()
        async for chunk in self.chunks:
            value += chunk
            if len(value) > _MAX_FIELD_BYTES:
                raise invalid_field(self.name, f"at most {_MAX_FIELD_BYTES} bytes")
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise invalid_field(self.name, "must be UTF-8") from None


def is_form(content_type: str) -> bool:
    """Return whether a Content-Type header announces a multipart form."""
    return parse_options_header(content_type)[0] == b"multipart/form-data"


async def read_form(content_type: str, body: AsyncIterator[bytes]) -> AsyncIterator[Part]:
    """Yield the fields in order.

    Raise INVALID_ARGUMENT `MALFORMED_REQUEST` if the form is malformed or incomplete, or exceeds a limit above.
    """
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise _malformed("the form has no boundary")
    events = _Events(boundary, body)
    while (event := await events.next()) is not None:
        if isinstance(event, _Headers):
            part = _part(event, events.until_part_ends())
            yield part
            await events.skip_part()


@dataclass(slots=True)
class _Headers:
    """The headers of a part, possibly incomplete."""

    values: dict[bytes, bytes]
    name: bytes = b""
    value: bytes = b""


class _End:
    """The end of a part."""


class _Events:
    """Converts the parser's callbacks into items that can be awaited. It holds at most one chunk of the body."""

    def __init__(self, boundary: bytes, body: AsyncIterator[bytes]) -> None:
        self._body = body
        self._queue: deque[_Headers | bytes | _End] = deque()
        self._headers = _Headers({})
        self._complete = False
        self._delimiter = b"\r\n--" + boundary
        self._in_data = False
        """Whether the last slice was only data of a field."""
        self._part_open = False
        self._parts = self._delimiters = self._framing_bytes = self._unread_bytes = 0
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._on_part_begin,
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": lambda: self._queue.append(self._headers),
                    "on_part_data": self._on_part_data,
                    "on_part_end": lambda: self._queue.append(_End()),
                    "on_end": self._on_end,
                },
            )
        except FormParserError as error:
            raise _malformed(str(error)) from None

    async def next(self) -> "_Headers | bytes | _End | None":
        """Return the next headers, bytes or end of a part. Return None after the last boundary."""
        while not self._queue:
            chunk = await anext(self._body, None)
            if chunk is None:
                if self._complete:
                    return None
                raise _malformed("the form ends before its last boundary")
            await self._parse(chunk)
        event = self._queue.popleft()
        self._part_open = not isinstance(event, _End)
        return event

    async def until_part_ends(self) -> AsyncIterator[bytes]:
        while isinstance(event := await self.next(), bytes):
            yield event

    async def skip_part(self) -> None:
        """Read the rest of the part, if any."""
        while self._part_open:
            event = await self.next()
            if isinstance(event, bytes):
                self._unread_bytes += len(event)
                if self._unread_bytes > MAX_UNREAD_BYTES:
                    raise _too_much("bytes in fields that this call does not take", MAX_UNREAD_BYTES)

    async def _parse(self, chunk: bytes) -> None:
        """Parse a chunk. Other tasks run between slices of framing."""
        if self._in_data and self._delimiter not in chunk:
            self._parse_slice(chunk)
            return
        for start in range(0, len(chunk), _SLICE_BYTES):
            if start:
                await asyncio.sleep(0)
            self._parse_slice(chunk[start : start + _SLICE_BYTES])

    def _parse_slice(self, data: bytes) -> None:
        self._framing_bytes += len(data)
        self._in_data = False
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise _malformed(str(error)) from None
        if found := data.count(self._delimiter):
            self._in_data = False
            # The parser is slow where a field contains its own boundary, which only a hostile form does.
            self._delimiters += found
            if self._delimiters > _MAX_DELIMITERS:
                raise _too_much("boundaries", _MAX_DELIMITERS)
        if self._framing_bytes > MAX_FRAMING_BYTES:
            raise _too_much("bytes outside of its fields", MAX_FRAMING_BYTES)

    def _on_part_begin(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise _too_much("fields", MAX_PARTS)
        self._headers = _Headers({})

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._in_data = True
        self._framing_bytes -= end - start
        self._queue.append(data[start:end])

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._headers.name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._headers.value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers.values[self._headers.name.lower()] = self._headers.value
        self._headers.name = self._headers.value = b""

    def _on_end(self) -> None:
        self._complete = True


def _part(headers: _Headers, chunks: AsyncIterator[bytes]) -> Part:
    options = parse_options_header(headers.values.get(b"content-disposition", b""))[1]
    file_name = options.get(b"filename")
    return Part(
        name=options.get(b"name", b"").decode(errors="replace"),
        file_name=None if file_name is None else file_name.decode(errors="replace"),
        chunks=chunks,
    )


def _too_much(what: str, limit: int) -> ChatlyError:
    return ChatlyError(
        Code.INVALID_ARGUMENT,
        KernelReason.MALFORMED_REQUEST,
        f"the form has more than {limit} {what}",
        {"limit": str(limit)},
    )


def _malformed(message: str) -> ChatlyError:
    return ChatlyError(Code.INVALID_ARGUMENT, KernelReason.MALFORMED_REQUEST, message)

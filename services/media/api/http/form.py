"""A parser of multipart forms. It streams files, so that none is in memory as a whole."""

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from kernel.errors import ChatlyError, Code, KernelReason, invalid_field

_MAX_FIELD_BYTES = 16 * 1024


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
    """Yield the fields in order. Raise INVALID_ARGUMENT `MALFORMED_REQUEST` if the form is malformed or incomplete."""
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise _malformed("the form has no boundary")
    events = _Events(boundary, body)
    while (event := await events.next()) is not None:
        if isinstance(event, _Headers):
            part = _part(event, events.until_part_ends())
            yield part
            async for _ in part.chunks:
                pass


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
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._on_part_begin,
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": lambda: self._queue.append(self._headers),
                    "on_part_data": lambda data, start, end: self._queue.append(data[start:end]),
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
            self._parse(chunk)
        return self._queue.popleft()

    async def until_part_ends(self) -> AsyncIterator[bytes]:
        while isinstance(event := await self.next(), bytes):
            yield event

    def _parse(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise _malformed(str(error)) from None

    def _on_part_begin(self) -> None:
        self._headers = _Headers({})

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


def _malformed(message: str) -> ChatlyError:
    return ChatlyError(Code.INVALID_ARGUMENT, KernelReason.MALFORMED_REQUEST, message)

"""Which bytes a client asks for (RFC 9110, chapter 14)."""

import re
from dataclasses import dataclass

_ONE_RANGE = re.compile(r"bytes=\s*([0-9]{0,18})-([0-9]{0,18})\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """From the first byte to the last, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


class NotSatisfiableError(Exception):
    """The range begins behind the end."""


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """One range, cut to the size; None for the whole file: no header, several ranges, or one that makes no sense."""
    match = _ONE_RANGE.fullmatch(header or "")
    if match is None:
        return None
    first, last = match.groups()
    if not first:
        return _suffix(last, size)
    begin, end = int(first), int(last) if last else size - 1
    if last and end < begin:
        return None
    if begin >= size:
        raise NotSatisfiableError
    return ByteRange(begin, min(end, size - 1))


def _suffix(digits: str, size: int) -> ByteRange | None:
    if not digits:
        return None
    length = min(int(digits), size)
    if length == 0:
        raise NotSatisfiableError
    return ByteRange(size - length, size - 1)

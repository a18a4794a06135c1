"""Requests that no library would send: fields put together byte by byte."""

from collections.abc import Iterator

from google.protobuf.descriptor import Descriptor, FieldDescriptor

Path = tuple[FieldDescriptor, ...]

_LENGTH_DELIMITED = 2


def string_fields(message: Descriptor, above: Path = ()) -> Iterator[Path]:
    """The ways to every string in a message of ours, also in messages within it."""
    for field in message.fields:
        if field.type == FieldDescriptor.TYPE_STRING:
            yield (*above, field)
        elif field.message_type is not None and field.message_type.full_name.startswith("chatly."):
            yield from string_fields(field.message_type, (*above, field))


def dotted(path: Path) -> str:
    """As violations name it: `start.file_name`."""
    return ".".join(field.name for field in path)


def encoded(path: Path, value: bytes) -> bytes:
    """The field with this value; behind a whole message it takes the place of the value there."""
    for field in reversed(path):
        value = _varint(field.number << 3 | _LENGTH_DELIMITED) + _varint(len(value)) + value
    return value


def _varint(number: int) -> bytes:
    data = bytearray()
    while number > 0x7F:
        data.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*data, number])

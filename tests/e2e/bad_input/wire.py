"""Requests that no library would send, encoded byte by byte."""

from collections.abc import Iterator

from google.protobuf.descriptor import Descriptor, FieldDescriptor

Path = tuple[FieldDescriptor, ...]

_LENGTH_DELIMITED = 2


def string_fields(message: Descriptor, above: Path = ()) -> Iterator[Path]:
    """Return the paths of every string field, including nested messages."""
    for field in message.fields:
        if field.type == FieldDescriptor.TYPE_STRING:
            yield (*above, field)
        elif field.message_type is not None and field.message_type.full_name.startswith("chatly."):
            yield from string_fields(field.message_type, (*above, field))


def dotted(path: Path) -> str:
    """Return the path as violations name it, e.g. `start.file_name`."""
    return ".".join(field.name for field in path)


def encoded(path: Path, value: bytes) -> bytes:
    """Return the encoded field; appended to a message it replaces the field's value."""
    for field in reversed(path):
        value = _varint(field.number << 3 | _LENGTH_DELIMITED) + _varint(len(value)) + value
    return value


def _varint(number: int) -> bytes:
    data = bytearray()
    while number > 0x7F:
        data.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*data, number])

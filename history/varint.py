"""Numbers of seven bits per byte, as in protobuf."""


def varint(number: int) -> bytes:
    """Encode a number ≥ 0 as a varint: seven bits per byte, the lowest bits first."""
    coded = bytearray()
    while number > 0x7F:
        coded.append(number & 0x7F | 0x80)
        number >>= 7
    coded.append(number)
    return bytes(coded)


def read_varint(data: bytes, start: int = 0) -> tuple[int, int]:
    """Return the varint at `start` and the index after the varint. Raise ValueError if the data ends too early."""
    number = shift = 0
    for end in range(start, len(data)):
        number |= (data[end] & 0x7F) << shift
        if data[end] < 0x80:
            return number, end + 1
        shift += 7
    raise ValueError("the number is cut short")

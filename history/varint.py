"""Unsigned numbers of any size as few bytes: seven bits each, the lowest first."""


def varint(number: int) -> bytes:
    """The bytes of a number that is not negative."""
    coded = bytearray()
    while number > 0x7F:
        coded.append(number & 0x7F | 0x80)
        number >>= 7
    coded.append(number)
    return bytes(coded)


def read_varint(data: bytes, start: int = 0) -> tuple[int, int]:
    """The number at `start`, and where the next thing begins; raise ValueError if the bytes end before it does."""
    number = shift = 0
    for end in range(start, len(data)):
        number |= (data[end] & 0x7F) << shift
        if data[end] < 0x80:
            return number, end + 1
        shift += 7
    raise ValueError("the number is cut short")

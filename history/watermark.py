"""Serialization of the stored watermark, which the persister publishes on the bus."""

from collections.abc import Mapping

from history.codec import read_varint, varint


def encode_watermark(stored: Mapping[int, int]) -> bytes:
    """Serialize the stored offset of each partition."""
    return b"".join(varint(partition) + varint(offset) for partition, offset in sorted(stored.items()))


def decode_watermark(payload: bytes) -> Mapping[int, int]:
    """Parse the bytes that `encode_watermark` returned. Raise ValueError if the bytes are malformed."""
    stored: dict[int, int] = {}
    at = 0
    while at < len(payload):
        partition, at = read_varint(payload, at)
        stored[partition], at = read_varint(payload, at)
    return stored

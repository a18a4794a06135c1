"""HTTP/2 headers of gRPC: metadata, timeouts and status texts."""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import quote

import grpc

Metadata = Iterable[tuple[str, str | bytes]]
Header = tuple[bytes, bytes]

# Headers of the protocol itself, which handlers do not see.
_RESERVED: Final = frozenset(
    (b"te", b"content-type", b"grpc-timeout", b"grpc-encoding", b"grpc-accept-encoding", b"grpc-message-type")
)
_STATUS: Final = {code: b"%d" % code.value[0] for code in grpc.StatusCode}
_KEY: Final = re.compile(r"[0-9a-z_.-]+")
_TIMEOUT: Final = re.compile(rb"([0-9]{1,8})([HMSmun])")
_SECONDS: Final = {b"H": 3600.0, b"M": 60.0, b"S": 1.0, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9}
_UNQUOTED: Final = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")


class MalformedHeaderError(ValueError):
    """A header of a request does not have the form that gRPC prescribes."""


def read_metadata(headers: Iterable[Header]) -> tuple[tuple[str, str | bytes], ...]:
    """Return the metadata of a request, binary values decoded. Raise MalformedHeaderError if they cannot be."""
    metadata: list[tuple[str, str | bytes]] = []
    for name, value in headers:
        if name in _RESERVED or name[:1] == b":":
            continue
        key = name.decode("latin-1")
        if name.endswith(b"-bin"):
            # Several values of the same key may be joined by commas.
            metadata += [(key, _decoded(key, part)) for part in value.split(b",")]
        else:
            metadata.append((key, value.decode("latin-1")))
    return tuple(metadata)


def write_metadata(metadata: Metadata) -> list[Header]:
    """Return headers for metadata. Raise ValueError if a key or value cannot be one."""
    return [(_name(key), _value(key, value)) for key, value in metadata]


def read_timeout(value: bytes) -> float:
    """Return the seconds of a `grpc-timeout` header. Raise MalformedHeaderError if it is not one."""
    match = _TIMEOUT.fullmatch(value)
    if match is None:
        raise MalformedHeaderError(f"grpc-timeout is {value!r}")
    return int(match[1]) * _SECONDS[match[2]]


def status_trailers(code: grpc.StatusCode, text: str) -> list[Header]:
    """Return the headers of a status."""
    status = (b"grpc-status", _STATUS[code])
    return [status, (b"grpc-message", quoted(text))] if text else [status]


def quoted(text: str) -> bytes:
    """Return a status text as `grpc-message` carries it."""
    return quote(text, safe=_UNQUOTED, errors="replace").encode("ascii")


def _decoded(key: str, value: bytes) -> bytes:
    try:
        return b64decode(value.strip() + b"=" * (-len(value.strip()) % 4), validate=True)
    except Base64Error as error:
        raise MalformedHeaderError(f"{key} is not base64") from error


@lru_cache(maxsize=256)
def _name(key: str) -> bytes:
    if not _KEY.fullmatch(key) or (key.startswith("grpc-") and key != "grpc-status-details-bin"):
        raise ValueError(f"{key!r} cannot be a key of metadata")
    return key.encode("ascii")


def _value(key: str, value: str | bytes) -> bytes:
    if key.endswith("-bin"):
        data = value if isinstance(value, bytes) else value.encode()
        return b64encode(data).rstrip(b"=")
    text = value if isinstance(value, str) else value.decode("latin-1")
    if not (text.isascii() and text.isprintable()):
        raise ValueError(f"the value of {key!r} has characters that metadata cannot have: {text!r}")
    return text.strip(" ").encode("ascii")

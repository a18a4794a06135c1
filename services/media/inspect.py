"""Detection of a file's type from nothing but its bytes, and the list of allowed types."""

import codecs
import re
from collections.abc import Callable
from pathlib import Path

from services.media.errors import type_not_allowed
from services.media.inspect_zip import zip_type

_HEAD_BYTES = 4096
_READ_BYTES = 256 * 1024
_UNKNOWN = "application/octet-stream"
_TEXT = "text/plain"

IMAGE_TYPES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_DOCUMENTS = {
    "application/pdf",
    "application/zip",
    "application/epub+zip",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation",
    "application/vnd.oasis.opendocument.graphics",
}
_AUDIO_AND_VIDEO = {"audio/mpeg", "audio/ogg", "audio/wav", "audio/mp4", "video/mp4", "video/webm"}
ALLOWED_TYPES = IMAGE_TYPES | _DOCUMENTS | _AUDIO_AND_VIDEO | {_TEXT}

_MP4_BRANDS = {b"isom", b"mp41", b"mp42", b"avc1", b"dash", b"M4V ", b"MSNV"} | {b"iso%d" % n for n in range(2, 7)}
_M4A_BRANDS = {b"M4A ", b"M4B "}
_OGG_CODECS = (b"\x01vorbis", b"OpusHead", b"\x7fFLAC", b"Speex   ")

# A browser or a shell executes files that start like this, so they are never accepted as text.
_SCRIPTS = ((b"#!", "text/x-shellscript"), (b"<?php", "application/x-php"), (b"@echo off", "application/x-bat"))
_MARKUP = re.compile(
    rb"<(\?xml|!doctype|!--|svg|html|head|body|script|iframe|style|title|table|div|meta|h1|a |p>|br)", re.IGNORECASE
)
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")


def require_allowed(path: Path) -> str:
    """Return a file's content type. Raise INVALID_ARGUMENT `FILE_TYPE_NOT_ALLOWED`.

    This call blocks: run it in a thread.
    """
    detected = detect(path)
    if detected not in ALLOWED_TYPES:
        raise type_not_allowed(detected, f"files of type {detected} are not allowed")
    return detected


def detect(path: Path) -> str:
    """Return the content type of a file, or `application/octet-stream` if it is unknown."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return zip_type(path) or _UNKNOWN
    for matches, content_type in _SIGNATURES:
        if matches(head):
            return content_type
    return _active_text(head) or (_TEXT if _is_text(path) else _rejected_type(head))


def _mpeg_audio(head: bytes) -> bool:
    if head.startswith(b"ID3"):
        return True
    # An MPEG frame header has 11 sync bits, layer III, and no forbidden value.
    return (
        len(head) > 3
        and head[0] == 0xFF
        and head[1] & 0xE6 == 0xE2
        and head[1] & 0x18 != 0x08
        and head[2] & 0xF0 not in {0x00, 0xF0}
        and head[2] & 0x0C != 0x0C
    )


def _starts_with(*starts: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(starts)


def _riff(kind: bytes) -> Callable[[bytes], bool]:
    return lambda head: head[:4] == b"RIFF" and head[8:12] == kind


def _brand(brands: set[bytes]) -> Callable[[bytes], bool]:
    return lambda head: head[4:8] == b"ftyp" and head[8:12] in brands


# Strict signatures of allowed types. A file that matches one cannot be of another type.
_SIGNATURES: tuple[tuple[Callable[[bytes], bool], str], ...] = (
    (_starts_with(b"\xff\xd8\xff"), "image/jpeg"),
    (_starts_with(b"\x89PNG\r\n\x1a\n"), "image/png"),
    (_starts_with(b"GIF87a", b"GIF89a"), "image/gif"),
    (_riff(b"WEBP"), "image/webp"),
    (_starts_with(b"%PDF-"), "application/pdf"),
    (_riff(b"WAVE"), "audio/wav"),
    (lambda head: head[:4] == b"OggS" and any(codec in head[:128] for codec in _OGG_CODECS), "audio/ogg"),
    (_brand(_M4A_BRANDS), "audio/mp4"),
    (_brand(_MP4_BRANDS), "video/mp4"),
    (lambda head: head[:4] == b"\x1aE\xdf\xa3" and b"B\x82\x84webm" in head[:128], "video/webm"),
    (_mpeg_audio, "audio/mpeg"),
)
# These signatures only name common files in the error message. All other types are rejected as unknown.
_REJECTED_SIGNATURES = (
    (b"MZ", "application/vnd.microsoft.portable-executable"),
    (b"\x7fELF", "application/x-elf"),
    (b"\x1aE\xdf\xa3", "application/x-matroska"),
)


def _rejected_type(head: bytes) -> str:
    return next((kind for start, kind in _REJECTED_SIGNATURES if head.startswith(start)), _UNKNOWN)


def _active_text(head: bytes) -> str | None:
    start = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    for beginning, kind in _SCRIPTS:
        if start.startswith(beginning):
            return kind
    if not _MARKUP.match(start):
        return None
    if b"<svg" in start and b"<html" not in start:
        return "image/svg+xml"
    return "application/xml" if start.startswith(b"<?xml") else "text/html"


def _is_text(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while chunk := file.read(_READ_BYTES):
                if _CONTROL.search(decoder.decode(chunk)):
                    return False
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True

"""File types are detected from the bytes."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import ChatlyError
from services.media.errors import MediaReason
from services.media.inspect import ALLOWED_TYPES, detect, require_allowed
from tests.unit.media.samples import PDF, a_jpeg, a_picture, a_png, a_zip, an_animation, encoded

OFFICE = "application/vnd.openxmlformats-officedocument"
TYPES_XML = {"[Content_Types].xml": b"<Types/>"}

ALLOWED = {
    "jpeg": (a_jpeg(), "image/jpeg"),
    "png": (a_png(), "image/png"),
    "gif": (an_animation("GIF"), "image/gif"),
    "webp": (encoded(a_picture(), "WEBP"), "image/webp"),
    "pdf": (PDF, "application/pdf"),
    "zip": (a_zip({"a.txt": b"hi"}), "application/zip"),
    "empty zip": (a_zip({}), "application/zip"),
    "docx": (a_zip({**TYPES_XML, "word/document.xml": b"<w/>"}), f"{OFFICE}.wordprocessingml.document"),
    "xlsx": (a_zip({**TYPES_XML, "xl/workbook.xml": b"<w/>"}), f"{OFFICE}.spreadsheetml.sheet"),
    "pptx": (a_zip({**TYPES_XML, "ppt/presentation.xml": b"<w/>"}), f"{OFFICE}.presentationml.presentation"),
    "odt": (
        a_zip({"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"<c/>"}),
        "application/vnd.oasis.opendocument.text",
    ),
    "tagged mp3": (b"ID3\x03" + bytes(40), "audio/mpeg"),
    "bare mp3": (b"\xff\xfb\x90\x00" + bytes(400), "audio/mpeg"),
    "ogg": (b"OggS\0\2" + bytes(20) + b"\x01\x1e\x01vorbis", "audio/ogg"),
    "wav": (b"RIFF\x24\0\0\0WAVEfmt " + bytes(20), "audio/wav"),
    "m4a": (b"\0\0\0\x20ftypM4A \0\0\0\0M4A mp42isom\0\0\0\0", "audio/mp4"),
    "mp4": (b"\0\0\0\x18ftypisom\0\0\2\0isomiso2", "video/mp4"),
    "webm": (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\x82\x84webmB\x87", "video/webm"),
    "text": ("Grüße, مرحبا 👋\n".encode(), "text/plain"),
    "markdown": (b"# Title\n\n- one\n- <b>two</b>\n", "text/plain"),
    "csv": (b"a,b\r\n1,2\r\n", "text/plain"),
    "a heart": (b"<3 you", "text/plain"),
}

REJECTED = {
    "html": (b"\n <!DOCTYPE html><html><script>alert(1)</script>", "text/html"),
    "html behind a mark": (b"\xef\xbb\xbf<html>", "text/html"),
    "html behind a comment": (b"<!-- hi --><html>", "text/html"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>', "image/svg+xml"),
    "svg behind xml": (b'<?xml version="1.0"?>\n<!-- x --><svg/>', "image/svg+xml"),
    "xml": (b'<?xml version="1.0"?><a/>', "application/xml"),
    "shell script": (b"#!/bin/sh\nrm -rf /\n", "text/x-shellscript"),
    "php": (b"<?php system($_GET['x']);", "application/x-php"),
    "batch file": (b"@ECHO OFF\r\nformat c:", "application/x-bat"),
    "windows program": (b"MZ\x90\0" + bytes(100), "application/vnd.microsoft.portable-executable"),
    "jar": (a_zip({"META-INF/MANIFEST.MF": b"Main-Class: X"}), "application/java-archive"),
    "apk": (a_zip({"AndroidManifest.xml": b"x"}), "application/vnd.android.package-archive"),
    "macros": (a_zip({**TYPES_XML, "word/vbaProject.bin": b"x"}), "application/vnd.ms-office.vbaProject"),
    "film container": (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x88matroskaB\x87", "application/x-matroska"),
    "text with NUL": (b"hello\0world", "application/octet-stream"),
    "latin-1": ("Grüße".encode("latin-1"), "application/octet-stream"),
    "cut zip": (a_zip({"a.txt": b"hi"})[:40], "application/octet-stream"),
}


def written(folder: Path, data: bytes) -> Path:
    path = folder / "content"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(("data", "expected"), ALLOWED.values(), ids=ALLOWED.keys())
def test_allowed_types_are_detected_from_the_content(tmp_path: Path, data: bytes, expected: str) -> None:
    assert require_allowed(written(tmp_path, data)) == expected


@pytest.mark.parametrize(("data", "expected"), REJECTED.values(), ids=REJECTED.keys())
def test_executable_and_unknown_types_are_rejected_by_name(tmp_path: Path, data: bytes, expected: str) -> None:
    with pytest.raises(ChatlyError) as rejected:
        require_allowed(written(tmp_path, data))

    assert rejected.value.reason == MediaReason.FILE_TYPE_NOT_ALLOWED
    assert rejected.value.metadata == {"detected_type": expected}


def test_a_linux_executable_is_rejected(tmp_path: Path) -> None:
    assert detect(written(tmp_path, b"\x7fELF\x02\x01\x01" + bytes(60))) not in ALLOWED_TYPES


def test_a_character_split_between_two_reads_is_text(tmp_path: Path) -> None:
    data = b"x" * (256 * 1024 - 1) + "ü".encode()

    assert detect(written(tmp_path, data)).startswith("text/plain")


def test_invalid_utf8_at_the_end_of_a_long_file_is_found(tmp_path: Path) -> None:
    assert detect(written(tmp_path, b"x" * 600_000 + b"\xff")) == "application/octet-stream"


def test_an_archive_with_too_many_names_is_not_inspected(tmp_path: Path) -> None:
    names = {f"{number:0200}": b"" for number in range(2_500)}

    assert detect(written(tmp_path, a_zip({"META-INF/MANIFEST.MF": b"", **names}))) == "application/zip"


@given(data=st.binary(max_size=300))
def test_detecting_any_bytes_does_not_raise(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    for head in (b"", b"PK\x03\x04", b"PK\x05\x06", b"\xff\xfb", b"RIFF"):
        assert detect(written(tmp_path_factory.getbasetemp(), head + data))

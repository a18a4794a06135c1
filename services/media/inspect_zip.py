"""Detection of types that are based on ZIP: office documents, programs and plain archives."""

import os
import struct
import zipfile
from pathlib import Path

_END = b"PK\x05\x06"
_END_SIZE = 22
_MAX_COMMENT = 65_535
# In memory, the parsed directory is about ten times as large. The directory of a document is smaller than this limit,
# so a file with a larger one is an archive.
_MAX_DIRECTORY_BYTES = 512 * 1024
_OFFICE = "application/vnd.openxmlformats-officedocument"
_OFFICE_FOLDERS = {
    "word/": f"{_OFFICE}.wordprocessingml.document",
    "xl/": f"{_OFFICE}.spreadsheetml.sheet",
    "ppt/": f"{_OFFICE}.presentationml.presentation",
}
_DECLARED = ("application/vnd.oasis.opendocument.", "application/epub+zip")
_ARCHIVE = "application/zip"
_MACROS = "application/vnd.ms-office.vbaProject"
_JAVA = "application/java-archive"
_ANDROID = "application/vnd.android.package-archive"
_MAX_MIMETYPE_BYTES = 100


def zip_type(path: Path) -> str | None:
    """Return the content type of a ZIP file, or None if its directory is unreadable."""
    size = _directory_bytes(path)
    if size is None:
        return None
    if size > _MAX_DIRECTORY_BYTES:
        return _ARCHIVE
    try:
        with zipfile.ZipFile(path) as archive:
            return _by_contents(archive)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
        return None


def _directory_bytes(path: Path) -> int | None:
    with path.open("rb") as file:
        length = file.seek(0, os.SEEK_END)
        file.seek(max(0, length - _END_SIZE - _MAX_COMMENT))
        tail = file.read()
    position = tail.rfind(_END)
    if position < 0 or len(tail) - position < _END_SIZE:
        return None
    return int(struct.unpack_from("<I", tail, position + 12)[0])


def _by_contents(archive: zipfile.ZipFile) -> str:
    names = set(archive.namelist())
    if "AndroidManifest.xml" in names:
        return _ANDROID
    if "META-INF/MANIFEST.MF" in names:
        return _JAVA
    if any(name.endswith("vbaProject.bin") for name in names):
        return _MACROS
    if "mimetype" in names:
        return _declared(archive)
    if "[Content_Types].xml" in names:
        return next((kind for folder, kind in _OFFICE_FOLDERS.items() if _has(names, folder)), _ARCHIVE)
    return _ARCHIVE


def _declared(archive: zipfile.ZipFile) -> str:
    """Return the type that OpenDocument and EPUB files declare in their entry `mimetype`."""
    if archive.getinfo("mimetype").file_size > _MAX_MIMETYPE_BYTES:
        return _ARCHIVE
    with archive.open("mimetype") as entry:
        declared = entry.read(_MAX_MIMETYPE_BYTES).decode("ascii", "replace").strip()
    return declared if declared.startswith(_DECLARED) else _ARCHIVE


def _has(names: set[str], folder: str) -> bool:
    return any(name.startswith(folder) for name in names)

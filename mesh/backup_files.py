"""The files of a backup: links, copies, checksums and the description. Nothing here knows databases."""

import errno
import hashlib
import json
import os
import re
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from kernel.disk import is_full, sync_folder

DESCRIPTION = "backup.json"
CHECKSUMS = "SHA256SUMS"
"""In the format of `sha256sum`. It is written last and names every other file, so a backup without it is incomplete."""
_FORMAT = 1
_CHUNK = 1 << 20
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")
_NO_LINKS = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EACCES}
_REPORT_SECONDS = 5.0

Say = Callable[[str], None]


class BackupError(Exception):
    """A backup could not be made or restored. The text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """The contents of `backup.json`."""

    program: str
    """The version of Chatly that made the backup."""
    created_at: str
    """ISO 8601, UTC."""
    log_id: str
    epoch: int
    """The epoch of the log."""
    ends: Mapping[str, int]
    """The offset of the last record of each partition of the log; -1 for none."""
    stored: Mapping[str, int]
    """The ordinal up to which each partition is stored."""
    format: int = _FORMAT

    def write(self, folder: Path) -> None:
        """Write it into the folder of a backup."""
        with new_file(folder / DESCRIPTION) as file:
            file.write(json.dumps(asdict(self), indent=2).encode() + b"\n")


def read_description(folder: Path) -> Description:
    """Read `backup.json`. Raise BackupError if the folder has no complete backup that this program can restore."""
    try:
        found = json.loads((folder / DESCRIPTION).read_text())
        if not (folder / CHECKSUMS).exists():
            raise FileNotFoundError(CHECKSUMS)
        if found["format"] != _FORMAT:
            raise BackupError(f"{folder} is a backup of format {found['format']}: use the version {found['program']}")
        return Description(**found)
    except FileNotFoundError as error:
        raise BackupError(
            f"{folder} is not a complete backup: it has no {Path(str(error.filename or error)).name}"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{folder / DESCRIPTION} cannot be read: {error}") from error


class Progress:
    """Prints how far a long step is, every five seconds."""

    def __init__(self, say: Say, what: str) -> None:
        self._say = say
        self._what = what
        self._next = time.monotonic() + _REPORT_SECONDS

    def __call__(self, done: int, total: int, unit: str = "MiB") -> None:
        """Report progress; in bytes if the unit is MiB."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _REPORT_SECONDS
        if unit == "MiB":
            done, total = done // _CHUNK, total // _CHUNK
        self._say(f"  {self._what}: {done:,}{f' of {total:,}' if total else ''} {unit}")


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Create a file that only its owner can read, and sync it at the end."""
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def link_or_copy(source: Path, target: Path, *, link: bool) -> None:
    """Make `target` a hard link of a file that never changes, or a private copy of it."""
    if link:
        try:
            os.link(source, target)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
        else:
            return
    with (
        source.open("rb") as reader,
        new_file(target) as writer,
    ):
        shutil.copyfileobj(reader, writer, _CHUNK)


def private_folder(folder: Path) -> None:
    """Create a folder, and those above it, that only their owner can read."""
    if not folder.is_dir():
        private_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def write_checksums(folder: Path, progress: Progress) -> int:
    """Write the checksums of all files below a folder, sync everything, and return the size of all files in bytes."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    total, done = sum(path.stat().st_size for path in files), 0
    with new_file(folder / CHECKSUMS) as sums:
        for path in files:
            sums.write(f"{sha256_of(path)}  {path.relative_to(folder)}\n".encode())
            done += path.stat().st_size
            progress(done, total)
    sync_tree(folder)
    return total


def sync_tree(folder: Path) -> None:
    """Sync a folder and all folders below it, so that the names of their files survive a power cut."""
    for each in folder.rglob("*"):
        if each.is_dir():
            sync_folder(each)
    sync_folder(folder)


def failure(error: OSError | sqlite3.Error, folder: Path) -> str:
    """Return the reason of a failed write below a folder, and what to do."""
    full = is_full(error) if isinstance(error, OSError) else error.sqlite_errorcode == sqlite3.SQLITE_FULL
    if full:
        return f"the disk of {folder} is full. Free some space, or name a folder on another disk"
    return f"{type(error).__name__}: {error}"


def read_checksums(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the SHA-256 and the path, relative to the backup, of every file. Raise BackupError if a line is wrong."""
    with (folder / CHECKSUMS).open() as sums:
        for line in sums:
            match = _LINE.fullmatch(line.removesuffix("\n"))
            path = Path(match[2]) if match else Path("..")
            if match is None or path.is_absolute() or ".." in path.parts:
                raise BackupError(f"{folder / CHECKSUMS} is damaged: {line[:100]!r}. Use another backup")
            yield match[1], path


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

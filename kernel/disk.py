"""File operations from asyncio, and the messages for a full disk."""

import asyncio
import errno
import os
import stat
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import ParamSpec, TypeVar

from kernel.cancellation import finish_despite_cancel
from kernel.errors import KernelReason, unavailable

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_FULL = {errno.ENOSPC, errno.EDQUOT}


def disk_full_message(what: str) -> str:
    """Return the message for errors, logs and health checks when `what` cannot be written."""
    return f"the disk is full, {what} cannot be written: free some space, then writing continues by itself"


def is_full(error: OSError) -> bool:
    return error.errno in _FULL


def disk_error_message(error: OSError, what: str) -> str:
    """Return the message for an error of the disk while it reads or writes `what`."""
    return disk_full_message(what) if is_full(error) else f"the disk reports an error: {error.strerror or error}"


P = ParamSpec("P")
T = TypeVar("T")


async def on_disk(operation: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run the operation in a thread, to its end even if the caller is cancelled.

    Raise UNAVAILABLE `STORE_UNAVAILABLE` if the disk is full or broken.
    """
    try:
        return await finish_despite_cancel(asyncio.to_thread(operation, *args, **kwargs))
    except OSError as error:
        raise unavailable(KernelReason.STORE_UNAVAILABLE, disk_error_message(error, "a file")) from error


def write_all(file: FileIO, data: bytes) -> None:
    """Write all data. A single call of an unbuffered file may write only a part of it."""
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]


def make_folder(folder: Path) -> None:
    """Create a folder and its missing parents, so that their names survive a power cut."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in reversed(missing):
        sync_folder(each.parent)


def make_private(folder: Path) -> None:
    """Take all rights to a folder, and to everything in it, from its group and from others.

    A folder that is private already is not searched. Raise PermissionError if another user owns a part of it.
    """
    if not folder.stat().st_mode & _OTHERS:
        return
    for each in sorted(folder.rglob("*")):
        if not each.is_symlink():
            each.chmod(each.stat().st_mode & ~_OTHERS)
    folder.chmod(folder.stat().st_mode & ~_OTHERS)


def sync_folder(folder: Path) -> None:
    """Sync a folder, so that added and removed file names survive a power cut."""
    sync_file(folder)


def sync_file(path: Path) -> None:
    """Sync a file, so that its content survives a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

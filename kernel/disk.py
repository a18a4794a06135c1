"""File operations from asyncio."""

import asyncio
import errno
import os
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import ParamSpec, TypeVar

from kernel.cancellation import finish_despite_cancel
from kernel.errors import KernelReason, unavailable

_FULL = {errno.ENOSPC, errno.EDQUOT}


def disk_full_message(what: str) -> str:
    """What to tell when `what` cannot be written."""
    return f"the disk is full, {what} cannot be written: free some space, and it goes on by itself"


def is_full(error: OSError) -> bool:
    return error.errno in _FULL


def disk_error_message(error: OSError, what: str) -> str:
    """What to tell when the disk refuses to take, or to give, `what`."""
    return disk_full_message(what) if is_full(error) else f"the disk refuses: {error.strerror or error}"


P = ParamSpec("P")
T = TypeVar("T")


async def on_disk(operation: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run it in a thread, to its end also when cancelled; a full or broken disk is UNAVAILABLE `STORE_UNAVAILABLE`."""
    try:
        return await finish_despite_cancel(asyncio.to_thread(operation, *args, **kwargs))
    except OSError as error:
        raise unavailable(KernelReason.STORE_UNAVAILABLE, disk_error_message(error, "a file")) from error


def write_all(file: FileIO, data: bytes) -> None:
    """An unbuffered file may take less than it is given."""
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]


def sync_folder(folder: Path) -> None:
    """Make names that were added to it, or taken away, survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

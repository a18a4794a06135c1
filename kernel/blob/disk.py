"""File operations from asyncio."""

import asyncio
import os
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import ParamSpec, TypeVar

from kernel.cancellation import settled
from kernel.errors import KernelReason, unavailable
from kernel.full_disk import refusal_of

P = ParamSpec("P")
T = TypeVar("T")


async def on_disk(operation: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run it in a thread, to its end also when cancelled; a full or broken disk is UNAVAILABLE `STORE_UNAVAILABLE`."""
    try:
        return await settled(asyncio.to_thread(operation, *args, **kwargs))
    except OSError as error:
        raise unavailable(KernelReason.STORE_UNAVAILABLE, refusal_of(error, "a file")) from error


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

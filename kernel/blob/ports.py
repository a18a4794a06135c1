"""Blobs: named bytes, written once, read in ranges."""

import re
from collections.abc import AsyncIterator
from typing import Protocol


class BlobStore(Protocol):
    """Keeps bytes under a name (letters, digits, `-`, `_`, `/`)."""

    async def put(self, name: str, chunks: AsyncIterator[bytes]) -> int:
        """Store all chunks; the name appears only when all of it is durable. Returns the size in bytes. Replaces."""
        ...

    def read(self, name: str, *, offset: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """Bytes from `offset`, at most 256 KiB at a time; raises KeyError if there is no such blob."""
        ...

    async def delete(self, name: str) -> None:
        """Remove; nothing happens if there is no such blob."""
        ...


_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_/-]{0,199}")


def checked_name(name: str) -> str:
    """The name itself; raise ValueError for what is none."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a blob: letters, digits, `-`, `_` and `/`, at most 200")
    return name

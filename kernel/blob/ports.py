"""Blobs: named bytes that are written as a whole and read in ranges."""

import re
from collections.abc import AsyncIterator
from typing import Protocol


class BlobStore(Protocol):
    """Stores bytes under a name (letters, digits, `-`, `_`, `/`)."""

    async def put(self, name: str, chunks: AsyncIterator[bytes]) -> int:
        """Store all chunks under this name, replace an earlier blob, and return the size in bytes.

        Readers find the new blob only once all of it is durable.
        """
        ...

    def read(self, name: str, *, offset: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """Yield bytes from `offset`, at most 256 KiB at a time; raise KeyError if there is no such blob."""
        ...

    async def delete(self, name: str) -> None:
        """Remove a blob, if it exists."""
        ...


_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_/-]{0,199}")


def checked_name(name: str) -> str:
    """Return the name; raise ValueError if it is not valid."""
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is not a valid blob name: use letters, digits, `-`, `_` and `/`, at most 200 characters"
        )
    return name

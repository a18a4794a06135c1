"""Blobs: named bytes, written once, read in ranges."""

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

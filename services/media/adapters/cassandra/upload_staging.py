"""Bytes of unfinished uploads where all nodes reach them: a blob for each part, and rows in Cassandra that know it."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

from kernel.blob.ports import BlobStore
from kernel.cassandra.session import CassandraSession
from services.media.adapters.folder.upload_staging import FolderUploadStaging
from services.media.errors import wrong_part
from services.media.model import MediaId

# An upload's blobs are written down before there are any, and forgotten once: right whatever the nodes' clocks say.
_BEGIN = "INSERT INTO upload_blobs (upload_id, blob_name) VALUES (?, ?) USING TIMESTAMP 1"
_BLOBS = "SELECT blob_name FROM upload_blobs WHERE upload_id = ?"
_FORGET_BLOBS = "DELETE FROM upload_blobs USING TIMESTAMP 2 WHERE upload_id = ?"
# Of two nodes that are sent a part of the same place at once the first wins.
_ADD = "INSERT INTO upload_parts (upload_id, start, size, blob_name) VALUES (?, ?, ?, ?) IF NOT EXISTS"
_PARTS = "SELECT start, size, blob_name FROM upload_parts WHERE upload_id = ?"
# Beats every conditional write, before and after.
_FORGET_PARTS = f"DELETE FROM upload_parts USING TIMESTAMP {1 << 62} WHERE upload_id = ?"


class CassandraUploadStaging:
    """UploadStaging for many nodes.

    What is to be durable is shared. The rest, which is what comes in one stream to one node, stays in `local`, and so
    do work files: a folder that need not survive.
    """

    def __init__(self, session: CassandraSession, *, blobs: BlobStore, local: FolderUploadStaging) -> None:
        self._session = session
        self._blobs = blobs
        self._local = local

    async def append(self, upload_id: MediaId, data: bytes, *, offset: int, durable: bool) -> None:
        """Raises `WRONG_OFFSET` where another node was quicker with another part."""
        if not durable:
            await self._local.append(upload_id, data, offset=offset, durable=False)
            return
        blob = f"staging/{UUID(upload_id)}/{uuid4()}"
        await self._session.execute(_BEGIN, (upload_id, blob))
        await self._blobs.put(blob, _once(data))
        (answer,) = await self._session.execute(_ADD, (upload_id, offset, len(data), blob))
        if not answer["[applied]"] and answer["size"] != len(data):
            raise wrong_part(offset + answer["size"])

    async def size(self, upload_id: MediaId) -> int:
        end = sum(size for size, _ in await self._parts(upload_id))
        return end or await self._local.size(upload_id)

    async def local_copy(self, upload_id: MediaId) -> Path:
        """Fetches what is shared; again each time, since an earlier copy may be half of it."""
        parts, end = await self._parts(upload_id), 0
        if parts:
            await self._local.discard(upload_id)
        for _, blob in parts:
            async for chunk in self._blobs.read(blob):
                await self._local.append(upload_id, chunk, offset=end, durable=False)
                end += len(chunk)
        return await self._local.local_copy(upload_id)

    async def discard(self, upload_id: MediaId) -> None:
        await self._local.discard(upload_id)
        for row in await self._session.execute(_BLOBS, (upload_id,)):
            await self._blobs.delete(row["blob_name"])
        await self._session.execute(_FORGET_PARTS, (upload_id,))
        await self._session.execute(_FORGET_BLOBS, (upload_id,))

    async def _parts(self, upload_id: MediaId) -> list[tuple[int, str]]:
        """Size and blob of the parts that join without a gap, from the first byte on."""
        parts: list[tuple[int, str]] = []
        end = 0
        for row in await self._session.execute(_PARTS, (upload_id,)):
            if row["start"] == end:
                parts.append((row["size"], row["blob_name"]))
                end += row["size"]
        return parts


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data

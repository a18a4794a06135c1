"""Bytes of incomplete uploads, shared by all nodes: one blob per part, and a list of the blobs in Cassandra."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

from kernel.blob.ports import BlobStore
from kernel.cassandra.session import CassandraSession
from services.media.adapters.folder import FolderUploadStaging
from services.media.errors import wrong_part
from services.media.model import MediaId

# A blob is listed once, before it is written, and removed once, so fixed timestamps order the two writes on any clock.
_ADD_BLOB = "INSERT INTO upload_blobs (upload_id, blob_name) VALUES (?, ?) USING TIMESTAMP 1"
_BLOBS = "SELECT blob_name FROM upload_blobs WHERE upload_id = ?"
_DELETE_BLOBS = "DELETE FROM upload_blobs USING TIMESTAMP 2 WHERE upload_id = ?"
# Of two concurrent parts with the same offset, the first wins.
_ADD_PART = "INSERT INTO upload_parts (upload_id, start, size, blob_name) VALUES (?, ?, ?, ?) IF NOT EXISTS"
_PARTS = "SELECT start, size, blob_name FROM upload_parts WHERE upload_id = ?"
# The timestamp is later than that of every conditional write.
_DELETE_PARTS = f"DELETE FROM upload_parts USING TIMESTAMP {1 << 62} WHERE upload_id = ?"


class CassandraUploadStaging:
    """UploadStaging for many nodes.

    Durable parts are shared. Bytes that are not durable come in one stream to one node, and stay in its folder `local`,
    as work files do. This folder may be lost.
    """

    def __init__(self, session: CassandraSession, *, blobs: BlobStore, local: FolderUploadStaging) -> None:
        self._session = session
        self._blobs = blobs
        self._local = local

    async def append(self, upload_id: MediaId, data: bytes, *, offset: int, durable: bool) -> None:
        """Append a part. Raise `WRONG_OFFSET` if another node has stored a part of another size at this offset."""
        if not durable:
            await self._local.append(upload_id, data, offset=offset, durable=False)
            return
        blob = f"staging/{UUID(upload_id)}/{uuid4()}"
        await self._session.execute(_ADD_BLOB, (upload_id, blob))
        await self._blobs.put(blob, _once(data))
        (answer,) = await self._session.execute(_ADD_PART, (upload_id, offset, len(data), blob))
        if not answer["[applied]"] and answer["size"] != len(data):
            raise wrong_part(offset + answer["size"])

    async def size(self, upload_id: MediaId) -> int:
        end = sum(size for size, _ in await self._parts(upload_id))
        return end or await self._local.size(upload_id)

    async def local_copy(self, upload_id: MediaId) -> Path:
        """Return a local file with all bytes.

        Download all shared parts again, because an earlier copy may be incomplete.
        """
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
        await self._session.execute(_DELETE_PARTS, (upload_id,))
        await self._session.execute(_DELETE_BLOBS, (upload_id,))

    async def _parts(self, upload_id: MediaId) -> list[tuple[int, str]]:
        """Return the size and the blob of each part from the first byte up to the first gap."""
        parts: list[tuple[int, str]] = []
        end = 0
        for row in await self._session.execute(_PARTS, (upload_id,)):
            if row["start"] == end:
                parts.append((row["size"], row["blob_name"]))
                end += row["size"]
        return parts


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data

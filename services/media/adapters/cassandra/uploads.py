"""Incomplete uploads in Cassandra, with an index of their expiry."""

from collections.abc import Sequence
from datetime import datetime

from kernel.cassandra.callbacks import Row
from kernel.cassandra.expiry import Expiry, ExpiryIndex
from kernel.cassandra.session import CassandraSession
from kernel.ids import UserId
from kernel.time import from_micros, to_micros
from services.media.model import MediaId, PendingUpload, Purpose, UploadRequest

_COLUMNS = "upload_id, owner_id, file_name, size_bytes, purpose, sha256, limit_bytes, expires_at"
# An upload is added once and removed once, so fixed timestamps order the two writes on any clock.
_ADD = f"INSERT INTO uploads ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP 1"
_REMOVE = "DELETE FROM uploads USING TIMESTAMP 2 WHERE upload_id = ?"
_FIND = f"SELECT {_COLUMNS} FROM uploads WHERE upload_id = ?"


class CassandraUploadStore:
    def __init__(self, session: CassandraSession) -> None:
        self._session = session
        self._expiry = ExpiryIndex(session, prefix="media", name="uploads")

    async def add(self, upload: PendingUpload) -> None:
        request = upload.request
        row = (
            upload.upload_id,
            upload.owner_id,
            request.file_name,
            request.size_bytes,
            request.purpose.value,
            request.sha256,
            upload.limit_bytes,
            to_micros(upload.expires_at),
        )
        # Add the expiry to the index first, so that every upload expires.
        await self._expiry.add(Expiry(upload.upload_id, upload.expires_at))
        await self._session.execute(_ADD, row)

    async def find(self, upload_id: MediaId) -> PendingUpload | None:
        rows = await self._session.execute(_FIND, (upload_id,))
        return _upload(rows[0]) if rows else None

    async def remove(self, upload_id: MediaId) -> None:
        upload = await self.find(upload_id)
        if upload is not None:
            await self._session.execute(_REMOVE, (upload_id,))
            await self._expiry.done(Expiry(upload_id, upload.expires_at))

    async def expired(self, now: datetime, *, limit: int) -> Sequence[PendingUpload]:
        found: list[PendingUpload] = []
        async for due in self._expiry.until(now):
            upload = await self.find(MediaId(due.subject))
            if upload is None:
                # The node that removed the upload died before it updated the index.
                await self._expiry.done(due)
                continue
            found.append(upload)
            if len(found) == limit:
                break
        return found


def _upload(row: Row) -> PendingUpload:
    return PendingUpload(
        upload_id=MediaId(row["upload_id"]),
        owner_id=UserId(row["owner_id"]),
        request=UploadRequest(
            file_name=row["file_name"],
            size_bytes=row["size_bytes"],
            purpose=Purpose(row["purpose"]),
            sha256=row["sha256"],
        ),
        limit_bytes=row["limit_bytes"],
        expires_at=from_micros(row["expires_at"]),
    )

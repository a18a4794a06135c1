"""Garbage collection deletes expired uploads and unsent files, and nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from kernel.blob.folder import FolderBlobStore
from kernel.locks import KeyedLock
from kernel.settings import load
from kernel.sqlite.database import open_sqlite
from services.media.adapters.folder import FolderUploadStaging
from services.media.adapters.sqlite.media import SCHEMA, SqliteUploadStore
from services.media.collect_garbage import CollectGarbage
from services.media.model import MediaId, PendingUpload, Variant, blob_name
from services.media.purge_deleted import PurgeDeleted
from services.media.settings import MediaSettings
from services.media.uploads import Uploads
from tests.builders import NOON, an_id
from tests.fakes import FakeClock
from tests.unit.media.builders import a_media, an_upload
from tests.unit.media.harness import FakeKnownSends, FakeMediaStore, FakeSentFiles


class Parts:
    """Garbage collection over real uploads and staging, with fakes for the rest."""

    def __init__(self, folder: Path, uploads: SqliteUploadStore) -> None:
        self.uploads, self.staging = uploads, FolderUploadStaging(folder / "staging")
        self.blobs = FolderBlobStore(folder / "blobs")
        self.media, self.sent, self.sends, self.clock = FakeMediaStore(), FakeSentFiles(), FakeKnownSends(), FakeClock()
        purge = PurgeDeleted(media=self.media, blobs=self.blobs)
        locks = KeyedLock()
        limits = load(MediaSettings, {}).limits()
        self.collect = CollectGarbage(
            store=uploads,
            uploads=Uploads(
                uploads=uploads,
                staging=self.staging,
                media=self.media,
                purge=purge,
                locks=locks,
                limits=limits,
                clock=self.clock,
            ),
            sent=self.sent,
            sends=self.sends,
            purge=purge,
            locks=locks,
            clock=self.clock,
            unsent_lifetime=timedelta(days=7),
        )

    async def begin(self, upload: PendingUpload) -> None:
        await self.uploads.add(upload)
        await self.staging.append(upload.upload_id, b"half", offset=0, durable=False)

    async def put(self, media_id: MediaId) -> None:
        await self.blobs.put(blob_name(media_id, Variant.ORIGINAL), one_chunk(b"bytes"))

    async def has(self, media_id: MediaId) -> bool:
        try:
            return b"".join([part async for part in self.blobs.read(blob_name(media_id, Variant.ORIGINAL))]) == b"bytes"
        except KeyError:
            return False


async def one_chunk(data: bytes) -> AsyncIterator[bytes]:
    yield data


@asynccontextmanager
async def opened_parts(folder: Path) -> AsyncIterator[Parts]:
    async with open_sqlite(folder / "media.db", SCHEMA) as database:
        parts = Parts(folder, SqliteUploadStore(database))
        await parts.blobs.open()
        yield parts


async def test_an_expired_upload_is_discarded(tmp_path: Path) -> None:
    async with opened_parts(tmp_path) as parts:
        upload = an_upload(expires_at=NOON + timedelta(hours=24))
        await parts.begin(upload)

        await parts.collect()
        assert await parts.staging.size(upload.upload_id) == 4
        parts.clock.advance(24 * 3600)
        await parts.collect()

        assert await parts.staging.size(upload.upload_id) == 0
        assert await parts.uploads.find(upload.upload_id) is None


async def test_bytes_stored_before_a_crash_are_deleted_with_their_upload(tmp_path: Path) -> None:
    async with opened_parts(tmp_path) as parts:
        upload = an_upload(expires_at=NOON)
        await parts.begin(upload)
        await parts.put(upload.upload_id)

        await parts.collect()

        assert not await parts.has(upload.upload_id)


async def test_a_file_stays_if_only_its_upload_is_left(tmp_path: Path) -> None:
    async with opened_parts(tmp_path) as parts:
        upload = an_upload(expires_at=NOON)
        await parts.begin(upload)
        await parts.put(upload.upload_id)
        await parts.media.add(a_media(media_id=upload.upload_id))

        await parts.collect()

        assert await parts.has(upload.upload_id)
        assert await parts.uploads.find(upload.upload_id) is None


async def test_the_bytes_of_deleted_files_are_purged_after_a_crash(tmp_path: Path) -> None:
    async with opened_parts(tmp_path) as parts:
        deleted = MediaId(an_id())
        await parts.put(deleted)
        parts.media.deleted = [deleted]

        await parts.collect()

        assert not await parts.has(deleted)
        assert parts.media.deleted == []


async def test_unsent_files_are_deleted_after_their_lifetime(tmp_path: Path) -> None:
    async with opened_parts(tmp_path) as parts:
        parts.sent.unsent = [MediaId(an_id())]

        await parts.collect()

        assert parts.sent.unsent == []
        assert parts.sent.unsent_before == NOON - timedelta(days=7, hours=1)


async def test_unsent_files_are_kept_until_all_sends_are_known_up_to_the_moment_when_they_got_too_old(
    tmp_path: Path,
) -> None:
    async with opened_parts(tmp_path) as parts:
        parts.sent.unsent = [MediaId(an_id())]
        parts.sends.end, parts.sends.known = 5, 4
        await parts.collect()
        assert len(parts.sent.unsent) == 1

        # The log grows all the time, so there are always records after those that are known.
        parts.clock.advance(600)
        parts.sends.end, parts.sends.known = 9, 5
        await parts.collect()

        assert parts.sent.unsent == []
        assert parts.sent.unsent_before == NOON - timedelta(days=7, hours=1)

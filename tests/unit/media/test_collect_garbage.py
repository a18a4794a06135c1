"""What nobody needs is collected, and nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from kernel.blob.folder import FolderBlobStore
from kernel.locks import KeyedLock
from kernel.sqlite.database import open_sqlite
from services.media.adapters.folder.upload_staging import FolderUploadStaging
from services.media.adapters.sqlite.schema import SCHEMA
from services.media.adapters.sqlite.uploads import SqliteUploadStore
from services.media.collect_garbage import CollectGarbage
from services.media.give_up_upload import GiveUpUpload
from services.media.model import MediaId, PendingUpload, Variant, blob_name
from services.media.remove_bytes import RemoveBytes
from tests.builders import NOON, an_id
from tests.fakes import FakeClock
from tests.unit.media.builders import a_media, an_upload
from tests.unit.media.fakes import FakeMediaStore, FakeNews, FakeSentFiles


class Attic:
    """Everything that a collector looks after."""

    def __init__(self, folder: Path, uploads: SqliteUploadStore) -> None:
        self.uploads, self.staging = uploads, FolderUploadStaging(folder / "staging")
        self.blobs = FolderBlobStore(folder / "blobs")
        self.media, self.sent, self.news, self.clock = FakeMediaStore(), FakeSentFiles(), FakeNews(), FakeClock()
        remove = RemoveBytes(media=self.media, blobs=self.blobs)
        give_up = GiveUpUpload(uploads=uploads, staging=self.staging, media=self.media, remove_bytes=remove)
        self.collect = CollectGarbage(
            uploads=uploads,
            sent=self.sent,
            news=self.news,
            give_up=give_up,
            remove_bytes=remove,
            locks=KeyedLock(),
            clock=self.clock,
            unsent_lifetime=timedelta(days=7),
        )

    async def begin(self, upload: PendingUpload) -> None:
        await self.uploads.begin(upload)
        await self.staging.append(upload.upload_id, b"half", offset=0, durable=False)

    async def put(self, media_id: MediaId) -> None:
        await self.blobs.put(blob_name(media_id, Variant.ORIGINAL), one_piece(b"bytes"))

    async def has(self, media_id: MediaId) -> bool:
        try:
            return b"".join([part async for part in self.blobs.read(blob_name(media_id, Variant.ORIGINAL))]) == b"bytes"
        except KeyError:
            return False


async def one_piece(data: bytes) -> AsyncIterator[bytes]:
    yield data


@asynccontextmanager
async def an_attic(folder: Path) -> AsyncIterator[Attic]:
    async with open_sqlite(folder / "media.db", SCHEMA) as database:
        attic = Attic(folder, SqliteUploadStore(database))
        await attic.blobs.open()
        yield attic


async def test_an_upload_is_given_up_when_its_time_is_over(tmp_path: Path) -> None:
    async with an_attic(tmp_path) as attic:
        upload = an_upload(expires_at=NOON + timedelta(hours=24))
        await attic.begin(upload)

        await attic.collect()
        assert await attic.staging.size(upload.upload_id) == 4
        attic.clock.advance(24 * 3600)
        await attic.collect()

        assert await attic.staging.size(upload.upload_id) == 0
        assert await attic.uploads.find(upload.upload_id) is None


async def test_bytes_stored_just_before_a_crash_go_with_their_upload(tmp_path: Path) -> None:
    async with an_attic(tmp_path) as attic:
        upload = an_upload(expires_at=NOON)
        await attic.begin(upload)
        await attic.put(upload.upload_id)

        await attic.collect()

        assert not await attic.has(upload.upload_id)


async def test_a_file_stays_when_only_its_upload_was_left_over(tmp_path: Path) -> None:
    async with an_attic(tmp_path) as attic:
        upload = an_upload(expires_at=NOON)
        await attic.begin(upload)
        await attic.put(upload.upload_id)
        await attic.media.add(a_media(media_id=upload.upload_id))

        await attic.collect()

        assert await attic.has(upload.upload_id)
        assert await attic.uploads.find(upload.upload_id) is None


async def test_the_bytes_of_deleted_files_are_removed_also_after_a_crash(tmp_path: Path) -> None:
    async with an_attic(tmp_path) as attic:
        deleted = MediaId(an_id())
        await attic.put(deleted)
        attic.media.deleted = [deleted]

        await attic.collect()

        assert not await attic.has(deleted)
        assert attic.media.deleted == []


async def test_files_that_nobody_sent_are_deleted_after_their_time(tmp_path: Path) -> None:
    async with an_attic(tmp_path) as attic:
        attic.sent.unsent = [MediaId(an_id())]

        await attic.collect()

        assert attic.sent.unsent == []
        assert attic.sent.asked_before == NOON - timedelta(days=7)


async def test_nobody_says_that_a_file_was_not_sent_before_having_read_the_whole_log(tmp_path: Path) -> None:
    async with an_attic(tmp_path) as attic:
        attic.sent.unsent = [MediaId(an_id())]
        attic.news.behind = True

        await attic.collect()

        assert len(attic.sent.unsent) == 1

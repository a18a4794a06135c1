"""Opens what media keeps: in files of this machine, or in the engines that all nodes share."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from kernel.blob.folder import FolderBlobStore
from kernel.blob.ports import BlobStore
from kernel.platform import Engines, Platform
from kernel.service import HealthCheck
from kernel.sqlite.database import open_sqlite
from services.media.adapters.folder.upload_staging import FolderUploadStaging
from services.media.adapters.sqlite.media import SqliteMediaStore
from services.media.adapters.sqlite.schema import SCHEMA
from services.media.adapters.sqlite.sent_files import SqliteSentFiles
from services.media.adapters.sqlite.uploads import SqliteUploadStore
from services.media.model import MediaId
from services.media.ports import MediaStore, SentFiles, UploadStaging, UploadStore

_NO_FILE = MediaId(str(UUID(int=0)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Everything that media keeps, open, behind its ports."""

    uploads: UploadStore
    media: MediaStore
    sent: SentFiles
    staging: UploadStaging
    blobs: BlobStore
    health: Mapping[str, HealthCheck]


@asynccontextmanager
async def open_stores(platform: Platform) -> AsyncIterator[Stores]:
    """`media.db` and a folder of blobs, or Cassandra and S3."""
    if platform.engines is not None:
        async with _open_distributed(platform, platform.engines) as stores:
            yield stores
        return
    folder = platform.data_dir / "media"
    blobs = FolderBlobStore(folder / "blobs")
    await blobs.open()
    async with open_sqlite(platform.data_dir / "media.db", SCHEMA) as database:
        media = SqliteMediaStore(database)
        yield Stores(
            uploads=SqliteUploadStore(database),
            media=media,
            sent=SqliteSentFiles(database),
            staging=FolderUploadStaging(folder / "staging"),
            blobs=blobs,
            health={"store": media.complaint, "blobs": blobs.health},
        )


@asynccontextmanager
async def _open_distributed(platform: Platform, engines: Engines) -> AsyncIterator[Stores]:
    from services.media.adapters.cassandra.stores import open_cassandra_media_stores
    from services.media.adapters.cassandra.upload_staging import CassandraUploadStaging

    stores = open_cassandra_media_stores(engines.cassandra, clock=platform.clock)
    with TemporaryDirectory(prefix="chatly-media-") as folder:
        async with engines.open_blobs() as blobs:
            local = FolderUploadStaging(Path(folder))
            yield Stores(
                uploads=stores.uploads,
                media=stores.media,
                sent=stores.sent,
                staging=CassandraUploadStaging(engines.cassandra, blobs=blobs, local=local),
                blobs=blobs,
                health={"store": partial(_look, stores.media), "blobs": blobs.health},
            )


async def _look(media: MediaStore) -> str | None:
    await media.find(_NO_FILE)
    return None

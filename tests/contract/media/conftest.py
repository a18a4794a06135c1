"""Fixtures with every adapter of media's stores."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kernel.blob.folder import FolderBlobStore
from kernel.cassandra.session import CassandraSession
from kernel.log.followed_log import LogBookmark
from kernel.sqlite.database import open_sqlite
from services.media.adapters.cassandra.stores import media_schema, open_cassandra_media_stores
from services.media.adapters.cassandra.upload_staging import CassandraUploadStaging
from services.media.adapters.folder import FolderUploadStaging
from services.media.adapters.sqlite.media import (
    SCHEMA,
    SqliteLogBookmark,
    SqliteMediaStore,
    SqliteSentFiles,
    SqliteUploadStore,
    SqliteUserPictures,
)
from services.media.adapters.sqlite.removals import SqliteComparisonProgress, SqlitePendingRemovals
from services.media.ports import (
    ComparisonProgress,
    MediaStore,
    PendingRemovals,
    SentFiles,
    UploadStaging,
    UploadStore,
    UserPictures,
)
from tests.engines.keyspaces import a_keyspace, emptied_cassandra
from tests.fakes import FakeClock

ON_CASSANDRA = pytest.mark.engines("cassandra")


@dataclass(frozen=True)
class Stores:
    uploads: UploadStore
    media: MediaStore
    sent: SentFiles
    pictures: UserPictures
    bookmark: LogBookmark
    removals: PendingRemovals
    comparison: ComparisonProgress


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def media_keyspace(cassandra_contact_points: str) -> Iterator[str]:
    with a_keyspace(cassandra_contact_points) as name:
        yield name


@pytest.fixture
async def cassandra(cassandra_contact_points: str, media_keyspace: str) -> AsyncIterator[CassandraSession]:
    async with emptied_cassandra(cassandra_contact_points, media_keyspace, media_schema()) as session:
        yield session


@pytest.fixture
async def sqlite_stores(tmp_path: Path) -> AsyncIterator[Stores]:
    async with open_sqlite(tmp_path / "media.db", SCHEMA) as database:
        yield Stores(
            SqliteUploadStore(database),
            SqliteMediaStore(database),
            SqliteSentFiles(database),
            SqliteUserPictures(database),
            SqliteLogBookmark(database),
            SqlitePendingRemovals(database),
            SqliteComparisonProgress(database),
        )


@pytest.fixture
def cassandra_stores(cassandra: CassandraSession, clock: FakeClock) -> Stores:
    opened = open_cassandra_media_stores(cassandra, clock=clock)
    return Stores(
        opened.uploads,
        opened.media,
        opened.sent,
        opened.pictures,
        opened.bookmark,
        opened.removals,
        opened.comparison,
    )


@pytest.fixture(params=["sqlite", pytest.param("cassandra", marks=ON_CASSANDRA)])
def stores(request: pytest.FixtureRequest) -> Stores:
    opened: Stores = request.getfixturevalue(f"{request.param}_stores")
    return opened


@pytest.fixture
def folder_staging(tmp_path: Path) -> UploadStaging:
    return FolderUploadStaging(tmp_path / "staging")


@pytest.fixture
async def shared_staging(tmp_path: Path, cassandra: CassandraSession) -> UploadStaging:
    blobs = FolderBlobStore(tmp_path / "blobs")
    await blobs.open()
    return CassandraUploadStaging(cassandra, blobs=blobs, local=FolderUploadStaging(tmp_path / "node"))


@pytest.fixture(params=["folder", pytest.param("shared", marks=ON_CASSANDRA)])
def staging(request: pytest.FixtureRequest) -> UploadStaging:
    opened: UploadStaging = request.getfixturevalue(f"{request.param}_staging")
    return opened

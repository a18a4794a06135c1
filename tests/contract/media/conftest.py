"""The stores of the media service, each adapter in turn."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kernel.store.sqlite import open_sqlite
from services.media.adapters.folder_upload_staging import FolderUploadStaging
from services.media.adapters.sqlite_media import SqliteMediaStore
from services.media.adapters.sqlite_schema import SCHEMA
from services.media.adapters.sqlite_sent_files import SqliteSentFiles
from services.media.adapters.sqlite_uploads import SqliteUploadStore
from services.media.ports import MediaStore, SentFiles, UploadStaging, UploadStore


@dataclass(frozen=True)
class Stores:
    uploads: UploadStore
    media: MediaStore
    sent: SentFiles


@pytest.fixture(params=["sqlite"])
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stores]:
    async with open_sqlite(tmp_path / "media.db", SCHEMA) as database:
        yield Stores(SqliteUploadStore(database), SqliteMediaStore(database), SqliteSentFiles(database))


@pytest.fixture(params=["folder"])
def staging(request: pytest.FixtureRequest, tmp_path: Path) -> UploadStaging:
    return FolderUploadStaging(tmp_path / "staging")

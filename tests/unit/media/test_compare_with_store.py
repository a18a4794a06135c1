"""After a loss of the log, media finds the deletions that the message store has and the log has not."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kernel.blob.folder import FolderBlobStore
from kernel.errors import ChatlyError, KernelReason, unavailable
from kernel.log.epochs import LogEpoch, Ordinals
from kernel.sqlite.database import open_sqlite
from services.media.adapters.sqlite.media import (
    SCHEMA,
    SqliteMediaStore,
    SqliteSentFiles,
)
from services.media.adapters.sqlite.removals import SqliteComparisonProgress, SqlitePendingRemovals
from services.media.compare_with_store import CompareWithStore
from services.media.confirm_removals import ConfirmRemovals
from services.media.model import FilesSent, Media, MessageKey, MessageRemoved
from services.media.purge_deleted import PurgeDeleted
from tests.fakes import FakeClock
from tests.unit.media.builders import a_media
from tests.unit.media.harness import FakeStoredMessages


@dataclass
class Epochs:
    """The log of one partition in its newest epoch, with as many records as `end` says."""

    number: int = 0
    end: int = -1
    read: int = -1

    @property
    def ordinals(self) -> Ordinals:
        return Ordinals([LogEpoch(number=each, log_id="log", identity=str(each)) for each in range(self.number + 1)])

    async def ends(self) -> Mapping[int, int]:
        return {0: self.end}

    async def applied(self) -> Mapping[int, int]:
        return {0: self.read}


@dataclass
class Harness:
    folder: Path
    media: SqliteMediaStore
    sent: SqliteSentFiles
    compare: CompareWithStore
    log: Epochs
    stored: FakeStoredMessages

    async def a_sent_file(self, message_id: str) -> Media:
        media = a_media()
        await self.media.add(media)
        await self.sent.apply([FilesSent("chat", message_id, media.owner_id, (media.media_id,))])
        return media

    async def kept(self, *files: Media) -> list[bool]:
        return [await self.media.find(each.media_id) is not None for each in files]


@dataclass
class LimitedStoredMessages(FakeStoredMessages):
    """StoredMessages that is unavailable after some calls."""

    calls: int = 99
    sizes: list[int] = field(default_factory=list)

    async def removed(self, messages: Sequence[MessageKey]) -> Sequence[MessageRemoved]:
        self.sizes.append(len(messages))
        if len(self.sizes) > self.calls:
            raise unavailable(KernelReason.SERVICE_UNAVAILABLE, "messaging is unreachable")
        return await super().removed(messages)


@asynccontextmanager
async def media_in(folder: Path, log: Epochs, stored: FakeStoredMessages) -> AsyncIterator[Harness]:
    async with open_sqlite(folder / "media.db", SCHEMA) as database:
        media, sent = SqliteMediaStore(database), SqliteSentFiles(database)
        confirm = ConfirmRemovals(
            pending=SqlitePendingRemovals(database),
            stored=stored,
            sent=sent,
            purge=PurgeDeleted(media=media, blobs=FolderBlobStore(folder)),
            clock=FakeClock(),
        )
        compare = CompareWithStore(
            log=log, stored=stored, sent=sent, progress=SqliteComparisonProgress(database), confirm=confirm
        )
        yield Harness(folder, media, sent, compare, log, stored)


@pytest.mark.parametrize("of", ["media", "store"])
async def test_a_new_epoch_deletes_the_files_of_messages_that_the_store_has_as_deleted(tmp_path: Path, of: str) -> None:
    async with media_in(tmp_path, Epochs(), FakeStoredMessages()) as harness:
        deleted, live = await harness.a_sent_file("m1"), await harness.a_sent_file("m2")
        assert await harness.compare()
        harness.stored.stored.add(MessageRemoved("chat", "m1", deleted=True))
        assert await harness.compare()
        assert await harness.kept(deleted, live) == [True, True]

        if of == "media":
            harness.log.number = 1
        else:
            harness.stored.epoch = "second"
        assert await harness.compare()

        assert await harness.kept(deleted, live) == [False, True]


async def test_the_comparison_waits_until_the_log_is_read(tmp_path: Path) -> None:
    async with media_in(tmp_path, Epochs(end=5, read=3), FakeStoredMessages()) as harness:
        file = await harness.a_sent_file("m1")
        harness.stored.stored.add(MessageRemoved("chat", "m1", deleted=True))
        assert not await harness.compare()

        harness.log.end, harness.log.read = 9, 5
        assert await harness.compare()

        assert await harness.kept(file) == [False]


async def test_an_interrupted_comparison_continues_where_it_stopped(tmp_path: Path) -> None:
    stored = LimitedStoredMessages(calls=1)
    async with media_in(tmp_path, Epochs(), stored) as harness:
        for number in range(150):
            await harness.a_sent_file(f"m{number}")
        with pytest.raises(ChatlyError):
            await harness.compare()

    stored.calls = 99
    async with media_in(tmp_path, Epochs(), stored) as harness:
        assert await harness.compare()
    async with media_in(tmp_path, Epochs(), stored) as harness:
        assert await harness.compare()

    assert stored.sizes == [100, 50, 50]

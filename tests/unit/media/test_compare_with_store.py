"""After a loss of the log, media finds the sends and deletions that the message store has and the log has not."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
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
from services.media.check_known_sends import CheckKnownSends
from services.media.compare_with_store import CompareWithStore
from services.media.confirm_removals import ConfirmRemovals
from services.media.model import FilesSent, Media, MessageKey, MessageRemoved, StoredFilesPage
from services.media.purge_deleted import PurgeDeleted
from tests.builders import NOON
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

    async def check(self) -> None:
        """Do nothing: the test sets the epoch."""

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
    sends: CheckKnownSends
    log: Epochs
    stored: FakeStoredMessages

    async def a_sent_file(self, message_id: str) -> Media:
        media = a_media()
        await self.media.add(media)
        await self.sent.apply([FilesSent("chat", message_id, media.owner_id, (media.media_id,))])
        return media

    async def a_file_of_the_store(self, *messages: MessageKey) -> Media:
        """Return a file of which media does not know that it was sent."""
        media = a_media()
        await self.media.add(media)
        self.stored.sends += [
            FilesSent(each.chat_id, each.message_id, media.owner_id, (media.media_id,)) for each in messages
        ]
        return media

    async def messages_with(self, media: Media) -> set[MessageKey]:
        return set(await self.sent.messages_with(media.media_id))

    async def kept(self, *files: Media) -> list[bool]:
        return [await self.media.find(each.media_id) is not None for each in files]


@dataclass
class LimitedStoredMessages(FakeStoredMessages):
    """StoredMessages that is unavailable after some calls."""

    calls: int = 99
    sizes: list[int] = field(default_factory=list)
    file_pages: int = 99

    async def files(self, *, after: str) -> StoredFilesPage:
        if len(self.pages) >= self.file_pages:
            raise unavailable(KernelReason.SERVICE_UNAVAILABLE, "messaging is unreachable")
        return await super().files(after=after)

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
        yield Harness(
            folder, media, sent, compare, CheckKnownSends(log=log, stored=stored, compare=compare), log, stored
        )


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


async def test_files_of_messages_that_only_the_store_has_are_recorded_as_sent(tmp_path: Path) -> None:
    async with media_in(tmp_path, Epochs(), FakeStoredMessages()) as harness:
        forwarded = [MessageKey("one", "m1"), MessageKey("two", "m2")]
        file = await harness.a_file_of_the_store(*forwarded)
        deleted = await harness.a_file_of_the_store(MessageKey("one", "m3"))
        harness.stored.stored.add(MessageRemoved("one", "m3", deleted=True))

        assert await harness.compare()

        assert await harness.messages_with(file) == set(forwarded)
        assert await harness.messages_with(deleted) == set()
        assert await harness.sent.delete_unsent(before=NOON + timedelta(days=1), limit=9) == [deleted.media_id]


async def test_a_deleted_file_is_not_restored(tmp_path: Path) -> None:
    async with media_in(tmp_path, Epochs(), FakeStoredMessages()) as harness:
        file = await harness.a_file_of_the_store(MessageKey("chat", "m1"))
        await harness.sent.delete_unsent(before=NOON + timedelta(days=1), limit=9)

        assert await harness.compare()

        assert await harness.messages_with(file) == set()


async def test_a_message_that_is_deleted_during_the_comparison_does_not_keep_its_file(tmp_path: Path) -> None:
    async with media_in(tmp_path, Epochs(end=5, read=5), FakeStoredMessages(offset=4)) as harness:
        file = await harness.a_file_of_the_store(MessageKey("chat", "m1"))
        # The last record is its deletion. Media ignored it, because it did not know the message. It is not stored yet.
        assert not await harness.compare()
        assert not await harness.compare.is_complete()
        assert await harness.messages_with(file) == {MessageKey("chat", "m1")}

        harness.stored.stored.add(MessageRemoved("chat", "m1", deleted=True))
        harness.stored.offset = 5
        assert await harness.compare()

        assert await harness.kept(file) == [False]


async def test_the_pass_over_the_store_continues_where_it_stopped(tmp_path: Path) -> None:
    stored = LimitedStoredMessages(file_pages=2)
    async with media_in(tmp_path, Epochs(), stored) as harness:
        files = [await harness.a_file_of_the_store(MessageKey("chat", f"m{number}")) for number in range(120)]
        with pytest.raises(ChatlyError):
            await harness.compare()
        assert not await harness.compare.is_complete()

    stored.file_pages = 99
    async with media_in(tmp_path, Epochs(), stored) as harness:
        assert await harness.compare()
        assert [len(await harness.messages_with(file)) for file in files] == [1] * 120

    assert stored.pages == ["", "50", "100"]


async def test_sends_are_known_once_media_and_the_store_have_the_log_and_are_compared(tmp_path: Path) -> None:
    async with media_in(tmp_path, Epochs(end=5, read=5), FakeStoredMessages(offset=5)) as harness:
        ends = await harness.sends.moment()
        assert not await harness.sends.are_complete(ends)
        assert await harness.compare()
        assert await harness.sends.are_complete(ends)

        harness.log.end = 9
        assert await harness.sends.are_complete(ends)
        assert not await harness.sends.are_complete(await harness.sends.moment())
        harness.log.read = 9
        assert not await harness.sends.are_complete(await harness.sends.moment())
        harness.stored.offset = 9
        assert await harness.sends.are_complete(await harness.sends.moment())


@pytest.mark.parametrize("of", ["media", "store"])
async def test_no_send_counts_as_known_between_a_new_epoch_and_the_end_of_its_comparison(
    tmp_path: Path, of: str
) -> None:
    async with media_in(tmp_path, Epochs(end=5, read=5), FakeStoredMessages(offset=5)) as harness:
        assert await harness.compare()
        ends = await harness.sends.moment()

        if of == "media":
            harness.log.number = 1
        else:
            harness.stored.epoch = "second"

        assert not await harness.sends.are_complete(ends)
        assert await harness.compare()
        assert await harness.sends.are_complete(ends)


async def test_no_send_counts_as_known_while_the_store_is_ahead_of_the_log(tmp_path: Path) -> None:
    async with media_in(tmp_path, Epochs(end=5, read=5), FakeStoredMessages(offset=7)) as harness:
        assert await harness.compare()

        assert not await harness.sends.are_complete(await harness.sends.moment())

"""Following the event log."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from kernel.blob.folder import FolderBlobStore
from kernel.errors import KernelReason, unavailable
from kernel.ids import UserId
from kernel.log.followed_log import FollowedLog, LogBookmark
from kernel.sqlite.log import SqliteLog
from services.media.follow_log import GROUP, FollowLog
from services.media.model import FilesSent, GroupPictureSet, LogChange, MediaId
from services.media.purge_deleted import PurgeDeleted
from tests.fakes import FakeClock, MemoryConsumer, MemoryLog
from tests.unit.media.harness import FakeMediaStore, FakeSentFiles, MemoryBookmark


def decode(record: bytes) -> LogChange | None:
    """Decode a test record: a message id, or nothing."""
    return FilesSent("chat", record.decode(), UserId("ann"), (MediaId("file"),)) if record else None


@asynccontextmanager
async def following(
    log: MemoryLog | SqliteLog, sent: FakeSentFiles, folder: Path, bookmark: LogBookmark | None = None
) -> AsyncIterator[FollowLog]:
    bookmark = bookmark or MemoryBookmark()
    purge = PurgeDeleted(media=FakeMediaStore(), blobs=FolderBlobStore(folder))
    followed = FollowedLog(log=log, consumer=log.consumer, bookmark=bookmark, clock=FakeClock())
    async with followed.consumer(GROUP) as consumer:
        follow = FollowLog(consumer=consumer, decode=decode, sent=sent, bookmark=bookmark, purge=purge)
        running = asyncio.create_task(follow.run())
        yield follow
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def messages(sent: FakeSentFiles) -> list[str]:
    return [change.message_id for change in sent.applied if not isinstance(change, GroupPictureSet)]


async def test_changes_are_applied_in_log_order_and_other_records_are_ignored(tmp_path: Path) -> None:
    log, sent = MemoryLog(), FakeSentFiles()
    for value in (b"m1", b"", b"m2"):
        await log.append("chat", value)

    async with following(log, sent, tmp_path) as follow:
        await sent.until_applied(2)
        while await follow.is_behind():
            await follow.wait(1)

    assert messages(sent) == ["m1", "m2"]


async def test_it_resumes_after_a_restart(tmp_path: Path) -> None:
    log, sent, bookmark = MemoryLog(), FakeSentFiles(), MemoryBookmark()
    await log.append("chat", b"m1")
    async with following(log, sent, tmp_path, bookmark) as follow:
        while await follow.is_behind():
            await follow.wait(1)

    await log.append("chat", b"m2")
    async with following(log, sent, tmp_path, bookmark):
        await sent.until_applied(2)

    assert messages(sent) == ["m1", "m2"]


async def test_an_unavailable_store_is_retried(tmp_path: Path) -> None:
    log, sent = MemoryLog(), FakeSentFiles()
    sent.failures = [
        unavailable(KernelReason.STORE_UNAVAILABLE, "the store is unavailable", retry_after=0.001) for _ in range(2)
    ]
    await log.append("chat", b"m1")

    async with following(log, sent, tmp_path):
        await sent.until_applied(1)

    assert messages(sent) == ["m1"]


class UnreadConsumer(MemoryConsumer):
    """A consumer without partitions."""

    async def lag(self) -> Mapping[int, int]:
        return {}


async def test_a_member_without_partitions_is_behind(tmp_path: Path) -> None:
    log = MemoryLog()
    purge = PurgeDeleted(media=FakeMediaStore(), blobs=FolderBlobStore(tmp_path))
    follow = FollowLog(
        consumer=UnreadConsumer(log, GROUP),
        decode=decode,
        sent=FakeSentFiles(),
        bookmark=MemoryBookmark(),
        purge=purge,
    )

    assert await follow.is_behind()


async def test_wait_returns_after_the_timeout(tmp_path: Path) -> None:
    async with following(MemoryLog(), FakeSentFiles(), tmp_path) as follow:
        assert not await follow.is_behind()
        async with asyncio.timeout(5):
            await follow.wait(0.001)

"""Following the event log."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

from kernel.errors import KernelReason, unavailable
from kernel.ids import UserId
from kernel.log.followed_log import FollowedLog, LogBookmark
from kernel.log.ports import LogConsumer, LogRecord
from kernel.sqlite.log import SqliteLog
from services.media.follow_log import GROUP, FollowLog
from services.media.model import FilesSent, GroupPictureSet, LogChange, MediaId
from tests.fakes import FakeClock, MemoryConsumer, MemoryLog
from tests.unit.media.harness import FakeSentFiles, MemoryBookmark, MemoryRemovals
from tests.waiting import eventually


def decode(record: bytes) -> LogChange | None:
    """Decode a test record: a message id, or nothing."""
    return FilesSent("chat", record.decode(), UserId("ann"), (MediaId("file"),)) if record else None


def a_follower(
    consumer: LogConsumer, sent: FakeSentFiles, bookmark: LogBookmark, clock: FakeClock | None = None
) -> FollowLog:
    return FollowLog(
        consumer=consumer,
        decode=decode,
        sent=sent,
        bookmark=bookmark,
        removals=MemoryRemovals(),
        on_removals=lambda: None,
        clock=clock or FakeClock(),
    )


@asynccontextmanager
async def following(
    log: MemoryLog | SqliteLog, sent: FakeSentFiles, bookmark: LogBookmark | None = None
) -> AsyncIterator[FollowLog]:
    bookmark = bookmark or MemoryBookmark()
    followed = FollowedLog(log=log, consumer=log.consumer, bookmark=bookmark, clock=FakeClock())
    async with followed.consumer(GROUP) as consumer:
        follow = a_follower(consumer, sent, bookmark)
        async with running(follow):
            yield follow


def messages(sent: FakeSentFiles) -> list[str]:
    return [change.message_id for change in sent.applied if not isinstance(change, GroupPictureSet)]


async def test_changes_are_applied_in_log_order_and_other_records_are_ignored() -> None:
    log, sent = MemoryLog(), FakeSentFiles()
    for value in (b"m1", b"", b"m2"):
        await log.append("chat", value)

    async with following(log, sent) as follow:
        await sent.until_applied(2)
        while await follow.is_behind():
            await follow.wait(1)

    assert messages(sent) == ["m1", "m2"]


async def test_it_resumes_after_a_restart() -> None:
    log, sent, bookmark = MemoryLog(), FakeSentFiles(), MemoryBookmark()
    await log.append("chat", b"m1")
    async with following(log, sent, bookmark) as follow:
        while await follow.is_behind():
            await follow.wait(1)

    await log.append("chat", b"m2")
    async with following(log, sent, bookmark):
        await sent.until_applied(2)

    assert messages(sent) == ["m1", "m2"]


async def test_an_unavailable_store_is_retried() -> None:
    log, sent = MemoryLog(), FakeSentFiles()
    sent.failures = [
        unavailable(KernelReason.STORE_UNAVAILABLE, "the store is unavailable", retry_after=0.001) for _ in range(2)
    ]
    await log.append("chat", b"m1")

    async with following(log, sent):
        await sent.until_applied(1)

    assert messages(sent) == ["m1"]


class UnreadConsumer(MemoryConsumer):
    """A consumer without partitions."""

    async def lag(self) -> Mapping[int, int]:
        return {}


async def test_a_member_without_partitions_is_behind() -> None:
    follow = a_follower(UnreadConsumer(MemoryLog(), GROUP), FakeSentFiles(), MemoryBookmark())

    assert await follow.is_behind()


async def test_wait_returns_after_the_timeout() -> None:
    async with following(MemoryLog(), FakeSentFiles()) as follow:
        assert not await follow.is_behind()
        async with asyncio.timeout(5):
            await follow.wait(0.001)


class CountingBookmark(MemoryBookmark):
    """Counts how often positions are saved."""

    saved: int = 0

    async def save(self, records: Sequence[LogRecord]) -> None:
        self.saved += 1
        await super().save(records)


async def test_positions_of_records_without_files_are_saved_once_a_second() -> None:
    log, bookmark, clock = MemoryLog(), CountingBookmark(), FakeClock()
    follow = a_follower(MemoryConsumer(log, GROUP), FakeSentFiles(), bookmark, clock)
    async with running(follow):
        for _ in range(4):
            await applied(follow, log, b"")
        assert (bookmark.saved, await follow.is_behind()) == (1, False)

        clock.advance(1)
        await applied(follow, log, b"")
        assert bookmark.saved == 2
        assert [mark.ordinal for mark in bookmark.applied.values()] == [4]


async def test_the_position_of_a_change_is_saved_at_once() -> None:
    log, bookmark = MemoryLog(), CountingBookmark()
    follow = a_follower(MemoryConsumer(log, GROUP), FakeSentFiles(), bookmark, FakeClock())
    async with running(follow):
        await applied(follow, log, b"")
        await applied(follow, log, b"m1")

        assert bookmark.saved == 2


async def test_the_last_position_is_saved_although_no_further_record_comes() -> None:
    log, bookmark, clock = MemoryLog(), CountingBookmark(), FakeClock()
    follow = a_follower(MemoryConsumer(log, GROUP), FakeSentFiles(), bookmark, clock)
    async with running(follow):
        await applied(follow, log, b"")
        await applied(follow, log, b"")
        clock.advance(1)

        await eventually(lambda: bookmark.saved == 2, "the position of the last record is saved")


@asynccontextmanager
async def running(follow: FollowLog) -> AsyncIterator[None]:
    task = asyncio.create_task(follow.run())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def applied(follow: FollowLog, log: MemoryLog, value: bytes) -> None:
    """Append a record and return once it is applied."""
    waiting = asyncio.create_task(follow.wait(5))
    await asyncio.sleep(0)
    await log.append("chat", value)
    await waiting

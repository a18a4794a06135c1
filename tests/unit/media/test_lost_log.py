"""Media misses no file after the log was lost, replaced by an older copy, cut, or pruned."""

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kernel.sqlite.database import open_sqlite
from kernel.sqlite.log import SqliteLog, open_sqlite_log
from services.media.adapters.sqlite.media import SCHEMA, SqliteLogBookmark
from services.media.follow_log import FollowLog
from tests.unit.media.harness import FakeSentFiles
from tests.unit.media.test_follow_log import following, messages


@dataclass
class Folder:
    """The log and media's store, which a test may change between two runs of media."""

    path: Path
    sent: FakeSentFiles = field(default_factory=FakeSentFiles)
    _count: int = 0

    @asynccontextmanager
    async def media(self) -> AsyncIterator[tuple[SqliteLog, FollowLog]]:
        async with (
            open_sqlite_log(self.path / "log.db", partitions=1) as log,
            open_sqlite(self.path / "media.db", SCHEMA) as database,
            following(log, self.sent, SqliteLogBookmark(database)) as follow,
        ):
            yield log, follow

    async def run(self, count: int) -> list[str]:
        """Send messages while media runs, and return their names once media has read the log."""
        names = [f"m{self._count + number}" for number in range(1, count + 1)]
        self._count += count
        async with self.media() as (log, follow):
            for name in names:
                await log.append("chat", name.encode())
            while await follow.is_behind():
                await follow.wait(1)
        return names

    async def send(self, count: int) -> list[str]:
        """Send messages while media does not run."""
        names = [f"m{self._count + number}" for number in range(1, count + 1)]
        self._count += count
        async with open_sqlite_log(self.path / "log.db", partitions=1) as log:
            for name in names:
                await log.append("chat", name.encode())
        return names

    def remove(self, where: str) -> None:
        with closing(sqlite3.connect(self.path / "log.db")) as log, log:
            log.execute(f"DELETE FROM records WHERE log_offset {where}")

    def epochs(self) -> list[str]:
        """Return the causes of the epochs that media has seen."""
        with closing(sqlite3.connect(self.path / "media.db")) as media:
            return [cause for (cause,) in media.execute("SELECT cause FROM log_epochs ORDER BY number")]

    def lose_log(self) -> None:
        for path in self.path.glob("log.db*"):
            path.unlink()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


async def test_a_restart_reads_nothing_again(folder: Folder) -> None:
    sent = await folder.run(3)
    sent += await folder.send(2)
    sent += await folder.run(1)

    assert messages(folder.sent) == sent


@pytest.mark.parametrize("count", [2, 3, 9])
async def test_nothing_of_a_new_log_is_missed(folder: Folder, count: int) -> None:
    await folder.run(3)
    folder.lose_log()
    sent = await folder.send(count)
    sent += await folder.run(1)

    assert set(messages(folder.sent)) >= set(sent)


@pytest.mark.parametrize("count", [1, 5, 9])
async def test_nothing_is_missed_after_the_log_lost_its_end_and_has_grown_again(folder: Folder, count: int) -> None:
    await folder.run(9)
    folder.remove(">= 4")
    sent = await folder.send(count)
    sent += await folder.run(1)

    assert set(messages(folder.sent)) >= set(sent)


async def test_nothing_is_missed_after_an_older_log_was_restored(folder: Folder) -> None:
    await folder.run(2)
    shutil.copy(folder.path / "log.db", folder.path / "copy")
    await folder.run(4)
    folder.lose_log()
    shutil.copy(folder.path / "copy", folder.path / "log.db")
    sent = await folder.send(7)
    sent += await folder.run(1)

    assert set(messages(folder.sent)) >= set(sent)


async def test_records_that_were_removed_before_they_were_read_do_not_stop_media(folder: Folder) -> None:
    sent = await folder.run(2)
    await folder.send(3)
    sent += await folder.send(1)
    folder.remove("< 5")
    sent += await folder.run(1)

    assert messages(folder.sent) == sent
    assert folder.epochs() == ["first", "adopted gap"]


async def test_after_the_update_the_log_is_read_once_from_its_start(folder: Folder) -> None:
    sent = await folder.run(3)
    with closing(sqlite3.connect(folder.path / "media.db")) as old, old:
        old.executescript(
            "DROP TABLE log_epochs; DROP TABLE log_marks; DROP TABLE pending_removals; DROP TABLE comparisons;"
            " DROP INDEX media_messages_by_owner;"
            " PRAGMA user_version = 2"
        )

    again = await folder.run(1)
    await folder.run(0)

    assert messages(folder.sent) == [*sent, *sent, *again]

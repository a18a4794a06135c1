"""Properties of the SQLite log beyond the contract of its ports."""

import asyncio
from pathlib import Path

import pytest

from kernel.errors import ChatlyError, KernelReason
from kernel.sqlite.log import open_sqlite_log


async def test_the_number_of_partitions_cannot_be_changed(tmp_path: Path) -> None:
    async with open_sqlite_log(tmp_path / "log.db", partitions=2):
        pass

    with pytest.raises(ValueError, match="has 2 partitions, not 4"):
        async with open_sqlite_log(tmp_path / "log.db", partitions=4):
            pass


async def test_a_new_log_has_another_identity(tmp_path: Path) -> None:
    async with open_sqlite_log(tmp_path / "one.db") as one, open_sqlite_log(tmp_path / "other.db") as other:
        assert await one.log_id() != await other.log_id()


async def test_a_reader_of_the_same_process_is_woken_at_once(tmp_path: Path) -> None:
    async with open_sqlite_log(tmp_path / "log.db", partitions=1, poll_seconds=60) as log:
        reading = asyncio.create_task(log.read(0, after=-1, limit=9, wait=60))
        await log.ends()
        await log.append("chat", b"news")

        assert [record.value for record in await asyncio.wait_for(reading, 5)] == [b"news"]


async def test_a_log_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    async with open_sqlite_log(tmp_path / "log.db") as log:
        await log._database.write(lambda connection: connection.execute("ALTER TABLE records RENAME TO gone"))

        with pytest.raises(ChatlyError) as raised:
            await log.append("chat", b"")

    assert raised.value.reason == KernelReason.LOG_UNAVAILABLE

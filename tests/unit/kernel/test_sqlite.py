"""SQLite with many writers: grouped, independent, and durable."""

import asyncio
import sqlite3
import threading
from functools import partial
from pathlib import Path

import pytest

from kernel.errors import ChatlyError, KernelReason
from kernel.sqlite.database import SqliteDatabase, open_sqlite
from tests.waiting import eventually

SCHEMA = ["CREATE TABLE item (name TEXT PRIMARY KEY)"]


async def _add(database: SqliteDatabase, name: str) -> None:
    await database.write(lambda connection: connection.execute("INSERT INTO item VALUES (?)", (name,)).rowcount)


async def _names(database: SqliteDatabase) -> list[str]:
    return await database.read(
        lambda connection: [row["name"] for row in connection.execute("SELECT name FROM item ORDER BY name")]
    )


async def test_writes_survive_closing_and_opening_the_file(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path / "new" / "a.db", SCHEMA) as database:
        await _add(database, "anna")
    async with open_sqlite(tmp_path / "new" / "a.db", SCHEMA) as database:
        assert await _names(database) == ["anna"]


async def test_a_write_that_fails_undoes_only_itself(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path / "a.db", SCHEMA) as database:
        names = ["anna", "anna", "bert", "bert", "carl"]
        results = await asyncio.gather(*(_add(database, name) for name in names), return_exceptions=True)

        assert [isinstance(result, sqlite3.IntegrityError) for result in results].count(True) == 2
        assert await _names(database) == ["anna", "bert", "carl"]


async def test_a_query_that_raises_half_way_leaves_nothing(tmp_path: Path) -> None:
    def half(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO item VALUES ('half')")
        raise RuntimeError("enough")

    async with open_sqlite(tmp_path / "a.db", SCHEMA) as database:
        with pytest.raises(RuntimeError, match="enough"):
            await database.write(half)
        assert await _names(database) == []


async def test_deleted_rows_are_not_in_the_files_once_the_wal_is_empty(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path / "a.db", SCHEMA) as database:
        await _add(database, "the secret")
        await _add(database, "what stays")
        await database.write(lambda connection: connection.execute("DELETE FROM item WHERE name = 'the secret'"))

        await database.empty_wal()

        files = await asyncio.to_thread(lambda: b"".join(file.read_bytes() for file in tmp_path.iterdir()))
        assert b"what stays" in files
        assert b"secret" not in files
        await _add(database, "bert")
        assert await _names(database) == ["bert", "what stays"]


async def test_an_open_database_empties_its_wal_from_time_to_time(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path / "a.db", SCHEMA, empty_wal_seconds=0.05) as database:
        await _add(database, "anna")

        await eventually(lambda: (tmp_path / "a.db-wal").stat().st_size == 0)


async def test_a_wal_that_another_program_reads_is_not_emptied(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path / "a.db", SCHEMA) as database:
        await _add(database, "anna")
        reader = sqlite3.connect(tmp_path / "a.db")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM item").fetchall()
        await _add(database, "bert")

        with pytest.raises(ChatlyError) as refused:
            await database.empty_wal()

        reader.close()
        assert refused.value.reason == KernelReason.STORE_UNAVAILABLE
        await database.empty_wal()


async def test_a_read_sees_every_write_that_has_returned(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path / "a.db", SCHEMA) as database:
        for number in range(20):
            await _add(database, f"{number:02}")
            assert len(await _names(database)) == number + 1


async def test_an_inline_read_sees_every_write_that_has_returned_and_cannot_write(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path / "a.db", SCHEMA) as database:
        await _add(database, "one")

        assert await database.read_inline(lambda db: db.execute("SELECT count(*) FROM item").fetchone()[0]) == 1
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await database.read_inline(lambda db: db.execute("INSERT INTO item VALUES ('x')"))

    with pytest.raises(ChatlyError):
        await database.read_inline(lambda db: db.execute("SELECT 1").fetchone())


async def test_an_inline_read_of_a_locked_file_moves_to_a_thread(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    async with open_sqlite(path, SCHEMA) as database:
        looks: list[str] = []

        def job(db: sqlite3.Connection) -> str:
            looks.append(threading.current_thread().name)
            if len(looks) == 1:
                error = sqlite3.OperationalError("database is locked")
                error.sqlite_errorcode = sqlite3.SQLITE_BUSY
                raise error
            return "there"

        assert await database.read_inline(job) == "there"

    assert looks == [threading.main_thread().name, "sqlite-reader a.db"]


async def test_readers_cannot_write(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path / "a.db", SCHEMA) as database:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await database.read(lambda connection: connection.execute("INSERT INTO item VALUES ('x')"))


async def test_an_older_file_is_migrated_once(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path / "a.db", SCHEMA) as database:
        await _add(database, "anna")
    newer = [*SCHEMA, "ALTER TABLE item ADD COLUMN age INTEGER NOT NULL DEFAULT 7"]
    for _ in range(2):
        async with open_sqlite(tmp_path / "a.db", newer) as database:
            ages = await database.read(lambda connection: connection.execute("SELECT age FROM item").fetchall())
            assert [row["age"] for row in ages] == [7]


async def test_a_failed_migration_leaves_the_older_version(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path / "a.db", SCHEMA) as database:
        await _add(database, "anna")
    broken = [*SCHEMA, "CREATE TABLE other (x TEXT); INSERT INTO nowhere VALUES (1)"]
    with pytest.raises(sqlite3.OperationalError):
        async with open_sqlite(tmp_path / "a.db", broken):
            pass
    async with open_sqlite(tmp_path / "a.db", [*SCHEMA, "CREATE TABLE other (x TEXT)"]) as database:
        assert await _names(database) == ["anna"]


async def test_a_file_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path / "a.db", [*SCHEMA, "CREATE TABLE other (x TEXT)"]):
        pass
    with pytest.raises(sqlite3.DatabaseError, match="use a newer program"):
        async with open_sqlite(tmp_path / "a.db", SCHEMA):
            pass


async def test_a_file_that_is_no_longer_a_database_is_an_unavailable_store(tmp_path: Path) -> None:
    path = tmp_path / "broken.db"
    async with open_sqlite(path, ["CREATE TABLE numbers (number INTEGER)"]) as database:
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        path.write_bytes(b"not a database" * 1000)

        with pytest.raises(ChatlyError) as raised:
            await database.read(lambda db: db.execute("SELECT * FROM numbers").fetchall())

    assert raised.value.reason == KernelReason.STORE_UNAVAILABLE


async def test_cancelled_writes_are_skipped(tmp_path: Path) -> None:
    entered, leave = threading.Event(), threading.Event()

    def hold(connection: sqlite3.Connection) -> None:
        entered.set()
        leave.wait(10)

    async with open_sqlite(tmp_path / "a.db", SCHEMA) as database:
        holding = asyncio.create_task(database.write(hold))
        await asyncio.to_thread(entered.wait, 10)
        cancelled = asyncio.create_task(_add(database, "anna"))
        await asyncio.sleep(0)
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)
        leave.set()
        await holding
        await _add(database, "bert")

        assert await _names(database) == ["bert"]


async def test_a_closed_file_is_an_unavailable_store(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path / "a.db", SCHEMA) as database:
        pass

    for use in (_add(database, "anna"), _names(database)):
        with pytest.raises(ChatlyError) as raised:
            await use
        assert raised.value.reason == KernelReason.STORE_UNAVAILABLE


async def test_a_full_disk_is_reported_and_writing_continues_once_there_is_space(tmp_path: Path) -> None:
    def limit(connection: sqlite3.Connection, *, pages: int) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}")

    async with open_sqlite(tmp_path / "a.db", SCHEMA) as database:
        await database.write(partial(limit, pages=1))
        with pytest.raises(ChatlyError, match=r"the disk is full, a\.db cannot be written: free some space") as raised:
            await _add(database, "x" * 50_000)
        assert raised.value.reason == KernelReason.STORE_UNAVAILABLE

        await database.write(partial(limit, pages=1_000))
        await _add(database, "x" * 50_000)

        assert await _names(database) == ["x" * 50_000]


async def test_statement_journals_are_in_memory_not_in_files(tmp_path: Path) -> None:
    def temp_store(connection: sqlite3.Connection) -> int:
        return int(connection.execute("PRAGMA temp_store").fetchone()[0])

    async with open_sqlite(tmp_path / "a.db", SCHEMA) as database:
        assert [await database.write(temp_store), await database.read(temp_store)] == [2, 2]

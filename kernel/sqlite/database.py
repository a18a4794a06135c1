"""SQLite from asyncio: one writer thread with group commit, and a few readers. Holds no queries."""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from kernel.disk import disk_full_message
from kernel.errors import ChatlyError, KernelReason, unavailable
from kernel.jobs import Asked, Outcome, answer

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], T]
Wanted = Asked[sqlite3.Connection, Any]
Jobs = queue.SimpleQueue[Wanted | None]

_MAX_GROUP = 512
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
# A file that cannot be used; any other code is a defect of the job.
_UNREACHABLE = _BUSY | {
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOTADB,
}
# For a reader it is a defect of the job: its connection refuses writes.
_UNREACHABLE_TO_WRITERS = _UNREACHABLE | {sqlite3.SQLITE_READONLY}


class SqliteDatabase:
    """One database file in WAL mode with `synchronous=FULL`: what `write` returned from survives a power cut."""

    def __init__(self, path: Path, *, readers: int = 2) -> None:
        self._path = path
        self._writes: Jobs = queue.SimpleQueue()
        self._reads: Jobs = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        self._readers = [self._thread("reader", self._read_loop) for _ in range(readers)]
        self._stopped = False
        self._own: sqlite3.Connection | None = None

    async def write(self, job: Job[T]) -> T:
        """Run `job`, all of it or nothing; durable on return. Concurrent jobs share one commit.

        What the job raises undoes only that job, and is raised here; a file that cannot be written is UNAVAILABLE
        `STORE_UNAVAILABLE`.
        """
        return await self._ask(self._writes, job)

    async def read(self, job: Job[T]) -> T:
        """Run `job` on a read-only connection; it sees every write that has returned.

        A file that cannot be read is UNAVAILABLE `STORE_UNAVAILABLE`.
        """
        return await self._ask(self._reads, job)

    async def look(self, job: Job[T]) -> T:
        """As `read`, for jobs of a few rows found by key: done by the event loop itself. A thread takes ten times as
        long to be asked and to answer.
        """
        if self._stopped:
            raise self._closed()
        try:
            if self._own is None:
                self._own = self._connect_to_read(timeout=0)
            return job(self._own)
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _BUSY:
                raise self._told(error) from error
        # Somebody mends the file after a crash, say: a thread can wait for that.
        return await self.read(job)

    def start(self, schema: Sequence[str]) -> None:
        """Create or migrate: `schema[n]` is the script that leads from version n to n + 1 (`PRAGMA user_version`)."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = self._connect()
        try:
            migrate(connection, schema)
        except BaseException:
            connection.close()
            raise
        # The writer's from here on: a thread that cannot open the file would die without a word.
        self._writer = self._thread("writer", partial(self._write_loop, connection))
        for thread in (self._writer, *self._readers):
            thread.start()

    def stop(self) -> None:
        """Finish what was asked for, then close."""
        self._stopped = True
        self._writes.put(None)
        for _ in self._readers:
            self._reads.put(None)
        for thread in filter(None, (self._writer, *self._readers)):
            thread.join()
        if self._own is not None:
            self._own.close()

    async def _ask(self, jobs: Jobs, job: Job[T]) -> T:
        if self._stopped:
            raise self._closed()
        asked = Asked(job)
        jobs.put(asked)
        return await asked.answer

    def _thread(self, task: str, work: Callable[[], None]) -> threading.Thread:
        return threading.Thread(target=work, name=f"sqlite-{task} {self._path.name}", daemon=True)

    def _closed(self) -> ChatlyError:
        return unavailable(KernelReason.STORE_UNAVAILABLE, f"the store {self._path.name} is closed")

    def _connect(self, *, timeout: float = 10) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=timeout)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        # What undoes a half-done statement: in files it was four fifths of all that a persister wrote.
        connection.execute("PRAGMA temp_store=MEMORY")
        return connection

    def _read_loop(self) -> None:
        connection: sqlite3.Connection | None = None
        while (asked := self._reads.get()) is not None:
            if asked.given_up:
                continue
            try:
                # Opened when first needed: few files are read by all their readers.
                connection = connection or self._connect_to_read()
                outcome = Outcome(asked, asked.job(connection))
            except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the caller
                outcome = Outcome(asked, error=self._told(error))
            answer([outcome])
        if connection is not None:
            connection.close()

    def _connect_to_read(self, *, timeout: float = 10) -> sqlite3.Connection:
        connection = self._connect(timeout=timeout)
        connection.execute("PRAGMA query_only=ON")
        return connection

    def _told(self, error: Exception, away: Collection[int] = _UNREACHABLE) -> Exception:
        return self._away(error) if _code(error) in away else error

    def _away(self, error: Exception) -> ChatlyError:
        if _code(error) == sqlite3.SQLITE_FULL:
            return unavailable(KernelReason.STORE_UNAVAILABLE, disk_full_message(self._path.name))
        return unavailable(KernelReason.STORE_UNAVAILABLE, f"the store {self._path.name} does not answer: {error}")

    def _write_loop(self, connection: sqlite3.Connection) -> None:
        while (first := self._writes.get()) is not None:
            group, last = self._gather(first)
            self._commit_group(connection, group)
            if last:
                break
        connection.close()

    def _gather(self, first: Wanted) -> tuple[list[Wanted], bool]:
        group = [first]
        while len(group) < _MAX_GROUP:
            try:
                asked = self._writes.get_nowait()
            except queue.Empty:
                return group, False
            if asked is None:
                return group, True
            group.append(asked)
        return group, False

    def _commit_group(self, connection: sqlite3.Connection, group: list[Wanted]) -> None:
        """Run every job, commit once, and only then answer. Jobs given up by now are left out."""
        waiting = [asked for asked in group if not asked.given_up]
        try:
            connection.execute("BEGIN IMMEDIATE")
            if len(waiting) == 1:
                outcomes = [self._run_alone(connection, waiting[0])]
            else:
                outcomes = [self._run_in_savepoint(connection, asked) for asked in waiting]
            if connection.in_transaction:
                connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to all callers, and this thread lives on
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            outcomes = [Outcome(asked, error=self._away(error)) for asked in waiting]
        answer(outcomes)

    def _run_alone(self, connection: sqlite3.Connection, asked: Wanted) -> Outcome:
        """Nobody shares its transaction: that is all the savepoint it needs."""
        try:
            return Outcome(asked, asked.job(connection))
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the caller
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            return Outcome(asked, error=self._told(error, _UNREACHABLE_TO_WRITERS))

    def _run_in_savepoint(self, connection: sqlite3.Connection, asked: Wanted) -> Outcome:
        connection.execute("SAVEPOINT job")
        try:
            result = asked.job(connection)
        except Exception as error:
            if not connection.in_transaction:
                # SQLite itself has undone the whole group, as it does when the disk is full.
                raise
            connection.execute("ROLLBACK TO job")
            connection.execute("RELEASE job")
            return Outcome(asked, error=self._told(error, _UNREACHABLE_TO_WRITERS))
        connection.execute("RELEASE job")
        return Outcome(asked, result)


def _code(error: Exception) -> int:
    """SQLite's primary result code; 0 for what is not SQLite's."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def migrate(connection: sqlite3.Connection, schema: Sequence[str]) -> None:
    """Bring a database to version `len(schema)`; refuse one that a newer program wrote."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(schema):
        message = f"the database has schema version {version}, this program knows {len(schema)}: use a newer program"
        raise sqlite3.DatabaseError(message)
    for number in range(version, len(schema)):
        connection.executescript(f"BEGIN;\n{schema[number]};\nPRAGMA user_version={number + 1};\nCOMMIT;")


@asynccontextmanager
async def open_sqlite(path: Path, schema: Sequence[str], *, readers: int = 2) -> AsyncIterator[SqliteDatabase]:
    """Open, migrate, and close at the end."""
    database = SqliteDatabase(path, readers=readers)
    await asyncio.to_thread(database.start, schema)
    try:
        yield database
    finally:
        await asyncio.to_thread(database.stop)

"""SQLite from asyncio: one writer thread with group commit, and a few readers. Holds no queries."""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from kernel.errors import ChatlyError, Reason, unavailable

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], T]

_MAX_GROUP = 512
# A file that cannot be used; any other code is a defect of the job.
_AWAY = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOTADB,
}


class SqliteDatabase:
    """One database file in WAL mode with `synchronous=FULL`: what `write` returned from survives a power cut."""

    def __init__(self, path: Path, *, readers: int = 2) -> None:
        self._path = path
        self._jobs: queue.SimpleQueue[tuple[Job[Any], Future[Any]] | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write_loop, name=f"sqlite-writer {path.name}", daemon=True)
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix=f"sqlite-reader {path.name}")
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []

    async def write(self, job: Job[T]) -> T:
        """Run `job` in a savepoint; durable on return. Concurrent jobs share one commit.

        What the job raises undoes only that job, and is raised here; a file that cannot be written is UNAVAILABLE
        `STORE_UNAVAILABLE`.
        """
        future: Future[T] = Future()
        self._jobs.put((job, future))
        return await asyncio.wrap_future(future)

    async def read(self, job: Job[T]) -> T:
        """Run `job` on a read-only connection; it sees every write that has returned.

        A file that cannot be read is UNAVAILABLE `STORE_UNAVAILABLE`.
        """
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, job)

    def start(self, schema: Sequence[str]) -> None:
        """Create or migrate: `schema[n]` is the script that leads from version n to n + 1 (`PRAGMA user_version`)."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = self._connect()
        try:
            migrate(connection, schema)
        finally:
            connection.close()
        self._writer.start()

    def stop(self) -> None:
        """Finish what was asked for, then close."""
        self._jobs.put(None)
        self._writer.join()
        self._readers.shutdown()
        for connection in self._opened:
            connection.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=10)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        return connection

    def _read(self, job: Job[T]) -> T:
        try:
            return job(self._reader())
        except sqlite3.DatabaseError as error:
            if not _says_away(error):
                raise
            raise self._away(error) from error

    def _reader(self) -> sqlite3.Connection:
        """The connection of this thread."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._connect()
            connection.execute("PRAGMA query_only=ON")
            self._local.connection = connection
            self._opened.append(connection)
        return connection

    def _away(self, error: Exception) -> ChatlyError:
        return unavailable(Reason.STORE_UNAVAILABLE, f"the store {self._path.name} does not answer: {error}")

    def _write_loop(self) -> None:
        connection = self._connect()
        while (first := self._jobs.get()) is not None:
            group, last = self._gather(first)
            self._commit_group(connection, group)
            if last:
                break
        connection.close()

    def _gather(self, first: tuple[Job[Any], Future[Any]]) -> tuple[list[tuple[Job[Any], Future[Any]]], bool]:
        group = [first]
        while len(group) < _MAX_GROUP:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return group, False
            if job is None:
                return group, True
            group.append(job)
        return group, False

    def _commit_group(self, connection: sqlite3.Connection, asked: list[tuple[Job[Any], Future[Any]]]) -> None:
        """Run every job in its savepoint, commit once, and only then answer. Jobs cancelled by now are left out."""
        group = [(job, future) for job, future in asked if future.set_running_or_notify_cancel()]
        outcomes: list[Callable[[], None]] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            outcomes.extend(self._run_in_savepoint(connection, job, future) for job, future in group)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            for _, future in group:
                future.set_exception(self._away(error))
            return
        for answer in outcomes:
            answer()

    def _run_in_savepoint(
        self, connection: sqlite3.Connection, job: Job[Any], future: "Future[Any]"
    ) -> Callable[[], None]:
        connection.execute("SAVEPOINT job")
        try:
            result = job(connection)
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the caller of this one job
            connection.execute("ROLLBACK TO job")
            connection.execute("RELEASE job")
            failure = self._away(error) if _says_away(error) else error
            return lambda: future.set_exception(failure)
        connection.execute("RELEASE job")
        return lambda: future.set_result(result)


def _says_away(error: Exception) -> bool:
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in _AWAY


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

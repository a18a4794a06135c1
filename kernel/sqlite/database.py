"""SQLite from asyncio: one writer thread with group commit, and a few reader threads. Contains no queries."""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from kernel.disk import disk_full_message, make_folder
from kernel.errors import ChatlyError, KernelReason, unavailable
from kernel.runner import background

T = TypeVar("T")


class Job(Generic[T]):
    """A query and the future of its result. Created on the event loop.

    asyncio's executors do the same for any caller; here a job costs the event loop half as much (measured).
    """

    __slots__ = ("future", "run")

    def __init__(self, run: Callable[[sqlite3.Connection], T]) -> None:
        self.run = run
        self.future: asyncio.Future[T] = asyncio.get_running_loop().create_future()


@dataclass(frozen=True, slots=True)
class Result:
    """A finished job with its value or its error."""

    job: Job[Any]
    value: object = None
    error: Exception | None = None


def deliver(results: Sequence[Result]) -> None:
    """Complete the futures of these results, which belong to one event loop, with one wake-up. Called from a thread."""
    if results:
        loop = results[0].job.future.get_loop()
        # On a closed loop, no task waits for a result.
        if not loop.is_closed():
            loop.call_soon_threadsafe(_complete, results)


def _complete(results: Sequence[Result]) -> None:
    for result in results:
        future = result.job.future
        if future.done():
            continue
        if result.error is not None:
            future.set_exception(result.error)
        else:
            future.set_result(result.value)


Query = Callable[[sqlite3.Connection], T]
Queue = queue.SimpleQueue[Job[Any] | None]

_MAX_GROUP = 512
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
# These codes mean that the file cannot be used. Any other code is a bug in the query.
_UNAVAILABLE = _BUSY | {
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOTADB,
}
# SQLITE_READONLY means an unusable file only for the writer. A reader's connection refuses writes, so for a reader the
# code means a bug in the query.
_UNAVAILABLE_TO_WRITER = _UNAVAILABLE | {sqlite3.SQLITE_READONLY}


class SqliteDatabase:
    """One database file in WAL mode with `synchronous=FULL`: a write that has returned survives a power cut."""

    def __init__(self, path: Path, *, readers: int = 2) -> None:
        self._path = path
        self._writes: Queue = queue.SimpleQueue()
        self._reads: Queue = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        self._readers = [self._thread("reader", self._read_loop) for _ in range(readers)]
        self._stopped = False
        self._own: sqlite3.Connection | None = None

    async def write(self, query: Query[T]) -> T:
        """Run `query` completely or not at all. Its writes are durable on return. Concurrent writes share one commit.

        If the query raises an exception, only this query is undone, and the exception is raised here. Raise UNAVAILABLE
        `STORE_UNAVAILABLE` if the file cannot be written.
        """
        if self._stopped:
            raise self._closed()
        job: Job[T] = Job(query)
        self._writes.put(job)
        return await job.future

    async def read(self, query: Query[T]) -> T:
        """Run `query` on a read-only connection, in a thread. It sees every write that has returned.

        Raise UNAVAILABLE `STORE_UNAVAILABLE` if the file cannot be read.
        """
        if self._stopped:
            raise self._closed()
        job: Job[T] = Job(query)
        self._reads.put(job)
        return await job.future

    async def read_inline(self, query: Query[T]) -> T:
        """Run `query` like `read`, but on the event loop. For queries that find a few rows by key.

        Handing a job to a thread and back takes ten times as long as such a query.
        """
        if self._stopped:
            raise self._closed()
        try:
            if self._own is None:
                self._own = self._connect_to_read(timeout=0)
            return query(self._own)
        except sqlite3.Error as error:
            if _code(error) not in _BUSY:
                raise self._translated(error) from error
        # Another process has locked the file, for example to recover it after a crash. A thread can wait for that.
        return await self.read(query)

    async def empty_wal(self) -> None:
        """Move all committed pages to the file and empty its WAL, which may contain rows that are deleted by now.

        Writes wait meanwhile. Raise UNAVAILABLE `STORE_UNAVAILABLE` if another process reads the WAL for over a second.
        """
        if self._stopped:
            raise self._closed()
        try:
            busy = await asyncio.to_thread(self._checkpoint)
        except sqlite3.Error as error:
            raise self._translated(error, _UNAVAILABLE_TO_WRITER) from error
        if busy:
            message = f"the WAL of {self._path.name} is in use by a long read, please retry"
            raise unavailable(KernelReason.STORE_UNAVAILABLE, message)

    def _checkpoint(self) -> bool:
        """Empty the WAL, and return whether another connection prevented it."""
        with closing(self._connect(timeout=1)) as connection:
            return bool(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])

    def start(self, schema: Sequence[str]) -> None:
        """Create or migrate: `schema[n]` is the script from version n to n + 1 (`PRAGMA user_version`)."""
        make_folder(self._path.parent)
        connection = self._connect()
        try:
            migrate(connection, schema)
        except BaseException:
            connection.close()
            raise
        # From here on the connection belongs to the writer. A thread that opened it itself could not report a failure.
        self._writer = self._thread("writer", partial(self._write_loop, connection))
        for thread in (self._writer, *self._readers):
            thread.start()

    def stop(self) -> None:
        """Finish all queued jobs, then close."""
        self._stopped = True
        self._writes.put(None)
        for _ in self._readers:
            self._reads.put(None)
        for thread in filter(None, (self._writer, *self._readers)):
            thread.join()
        if self._own is not None:
            self._own.close()

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
        # Deleted and overwritten rows leave nothing in the free space of the file.
        connection.execute("PRAGMA secure_delete=ON")
        # Keeps statement journals in memory. As files, they were four fifths of all bytes that a persister wrote.
        connection.execute("PRAGMA temp_store=MEMORY")
        return connection

    def _connect_to_read(self, *, timeout: float = 10) -> sqlite3.Connection:
        connection = self._connect(timeout=timeout)
        connection.execute("PRAGMA query_only=ON")
        return connection

    def _translated(self, error: Exception, codes: Collection[int] = _UNAVAILABLE) -> Exception:
        return self._unavailable(error) if _code(error) in codes else error

    def _unavailable(self, error: Exception) -> ChatlyError:
        if _code(error) == sqlite3.SQLITE_FULL:
            return unavailable(KernelReason.STORE_UNAVAILABLE, disk_full_message(self._path.name))
        return unavailable(KernelReason.STORE_UNAVAILABLE, f"the store {self._path.name} does not answer: {error}")

    def _read_loop(self) -> None:
        connection: sqlite3.Connection | None = None
        while (job := self._reads.get()) is not None:
            if job.future.cancelled():
                continue
            try:
                # Opened at the first read, because few files need all their readers.
                connection = connection or self._connect_to_read()
                result = Result(job, job.run(connection))
            except Exception as error:  # noqa: BLE001 - the caller gets it
                result = Result(job, error=self._translated(error))
            deliver([result])
        if connection is not None:
            connection.close()

    def _write_loop(self, connection: sqlite3.Connection) -> None:
        stopping = False
        while not stopping and (job := self._writes.get()) is not None:
            group = [job]
            try:
                while len(group) < _MAX_GROUP:
                    if (job := self._writes.get_nowait()) is None:
                        stopping = True
                        break
                    group.append(job)
            except queue.Empty:
                pass
            self._commit_group(connection, group)
        connection.close()

    def _commit_group(self, connection: sqlite3.Connection, group: list[Job[Any]]) -> None:
        """Run every job, commit once, then deliver the results. Jobs that are cancelled by now are skipped."""
        results: list[Result] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            for job in group:
                if job.future.cancelled():
                    continue
                results.append(self._run(connection, job, alone=len(group) == 1))
            if connection.in_transaction:
                connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - all callers get it, and this thread continues
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            results = [Result(job, error=self._unavailable(error)) for job in group]
        deliver(results)

    def _run(self, connection: sqlite3.Connection, job: Job[Any], *, alone: bool) -> Result:
        """Run one job. If it fails, undo only this job.

        `alone`: no other job is in the transaction, so the job needs no savepoint.
        """
        if not alone:
            connection.execute("SAVEPOINT job")
        try:
            result = Result(job, job.run(connection))
        except Exception as error:
            if not connection.in_transaction:
                if not alone:
                    # SQLite itself has undone the whole group, as it does when the disk is full.
                    raise
            elif alone:
                connection.execute("ROLLBACK")
            else:
                connection.execute("ROLLBACK TO job")
                connection.execute("RELEASE job")
            return Result(job, error=self._translated(error, _UNAVAILABLE_TO_WRITER))
        if not alone:
            connection.execute("RELEASE job")
        return result


def _code(error: Exception) -> int:
    """Return SQLite's primary result code; 0 for other errors."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def migrate(connection: sqlite3.Connection, schema: Sequence[str]) -> None:
    """Migrate a database to version `len(schema)`; raise DatabaseError if a newer program wrote it."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(schema):
        message = f"the database has schema version {version}, this program knows {len(schema)}: use a newer program"
        raise sqlite3.DatabaseError(message)
    for number in range(version, len(schema)):
        connection.executescript(f"BEGIN;\n{schema[number]};\nPRAGMA user_version={number + 1};\nCOMMIT;")


@asynccontextmanager
async def open_sqlite(
    path: Path, schema: Sequence[str], *, readers: int = 2, empty_wal_seconds: float = 3600.0
) -> AsyncIterator[SqliteDatabase]:
    """Open and migrate the database; close it at the end of the block. Meanwhile, empty its WAL once an hour."""
    database = SqliteDatabase(path, readers=readers)
    await asyncio.to_thread(database.start, schema)
    try:
        async with background({f"empty the WAL of {path.name}": partial(_keep_wal_empty, database, empty_wal_seconds)}):
            yield database
    finally:
        await asyncio.to_thread(database.stop)


async def _keep_wal_empty(database: SqliteDatabase, seconds: float) -> None:
    """Keep deleted rows from staying in the WAL of a file that is rarely written."""
    while True:
        await asyncio.sleep(seconds)
        with suppress(ChatlyError):  # the next attempt may succeed
            await database.empty_wal()

"""The event log in one SQLite file, for all processes of a machine."""

import asyncio
import secrets
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from zlib import crc32

from kernel.errors import ChatlyError, Code, KernelReason, unavailable
from kernel.log.ports import LogConsumer, LogPosition, LogRecord, Resume
from kernel.sqlite.database import SqliteDatabase, open_sqlite
from kernel.sqlite.log_group import GroupLock, SqliteLogConsumer
from kernel.sqlite.old_records import first_times, remove_first
from kernel.time import Clock, SystemClock

PARTITIONS = 4
POLL_SECONDS = 0.2
_SCHEMA = (
    """
    CREATE TABLE facts (
        log_id TEXT NOT NULL,
        partitions INTEGER NOT NULL
    );
    CREATE TABLE records (
        log_partition INTEGER NOT NULL,
        log_offset INTEGER NOT NULL,
        key TEXT NOT NULL,
        value BLOB NOT NULL,
        PRIMARY KEY (log_partition, log_offset)
    );
    CREATE TABLE committed (
        group_name TEXT NOT NULL,
        log_partition INTEGER NOT NULL,
        log_offset INTEGER NOT NULL,
        PRIMARY KEY (group_name, log_partition)
    ) WITHOUT ROWID
    """,
    """
    -- appended_at: seconds since 1970; 0: before `times_since`, when the time of records was not stored yet.
    ALTER TABLE records ADD COLUMN appended_at REAL NOT NULL DEFAULT 0;
    ALTER TABLE facts ADD COLUMN times_since REAL NOT NULL DEFAULT 0;
    UPDATE facts SET times_since = strftime('%s', 'now')
    """,
)

# One statement for all steps, because each statement releases the GIL and must acquire it again.
_APPEND = (
    "INSERT INTO records (log_partition, log_offset, key, value, appended_at)"
    " VALUES (?, coalesce((SELECT max(log_offset) + 1 FROM records WHERE log_partition = ?), 0), ?, ?, ?)"
    " RETURNING log_offset"
)


class SqliteLog:
    """EventLog, LogReader and OldRecords. Concurrent appends share one commit, and wake the readers of this process."""

    def __init__(
        self, *, database: SqliteDatabase, path: Path, log_id: str, partitions: int, poll_seconds: float, clock: Clock
    ) -> None:
        self._database = database
        self._clock = clock
        self._path = path
        self._log_id = log_id
        self._partitions = partitions
        self._poll_seconds = poll_seconds
        self._appended = asyncio.Event()

    async def append(self, key: str, value: bytes) -> LogPosition:
        partition = crc32(key.encode()) % self._partitions
        with log_errors():
            now = self._clock.now().timestamp()
            offset = await self._database.write(partial(_append, partition=partition, key=key, value=value, now=now))
        self._appended.set()
        self._appended = asyncio.Event()
        return LogPosition(partition, offset)

    async def read(self, partition: int, *, after: int, limit: int, wait: float = 0.0) -> Sequence[LogRecord]:
        return await self.read_each({partition: after}, limit=limit, wait=wait)

    async def read_each(self, after: Mapping[int, int], *, limit: int, wait: float) -> Sequence[LogRecord]:
        """Return records after these offsets (partition → offset), at most `limit` records in all."""
        deadline = time.monotonic() + wait
        while True:
            # Taken before reading, so that an append during the read ends the wait.
            appended = self._appended
            with log_errors():
                records = await self._database.read(partial(_read, after=after, limit=limit))
            left = deadline - time.monotonic()
            if records or left <= 0:
                return records
            await _wait_for(appended, min(left, self._poll_seconds))

    async def ends(self) -> Mapping[int, int]:
        with log_errors():
            return await self._database.read(partial(_ends, partitions=self._partitions))

    async def begins(self) -> Mapping[int, int]:
        with log_errors():
            return await self._database.read(partial(_begins, partitions=self._partitions))

    async def log_id(self) -> str:
        return self._log_id

    async def identify(self) -> str:
        return self._log_id

    async def committed(self, group: str) -> Mapping[int, int]:
        """Return the committed offset of every partition; -1 where nothing is committed."""
        with log_errors():
            return await self._database.read(partial(_committed, group=group, partitions=self._partitions))

    async def commit(self, group: str, offsets: Mapping[int, int]) -> None:
        """Move the offsets of a group forward, never back."""
        with log_errors():
            await self._database.write(partial(_commit, group=group, offsets=offsets))

    async def first_times(self) -> Mapping[int, float]:
        with log_errors():
            return await self._database.read(partial(first_times, partitions=self._partitions))

    async def remove(self, partition: int, *, before: float, through: int, now: float, limit: int) -> int:
        job = partial(remove_first, partition=partition, before=before, through=through, now=now, limit=limit)
        with log_errors():
            return await self._database.write(job)

    async def overwrite(self) -> None:
        with log_errors():
            await self._database.empty_wal()

    @asynccontextmanager
    async def consumer(self, group: str, *, resume: Resume | None = None) -> AsyncIterator[LogConsumer]:
        """Open a member of a group. The first member reads all partitions; the other members wait until it closes."""
        lock = GroupLock(self._path.with_name(f"{self._path.name}.{group}.lock"))
        await asyncio.to_thread(lock.open)
        try:
            yield SqliteLogConsumer(log=self, group=group, lock=lock, resume=resume)
        finally:
            lock.close()


@asynccontextmanager
async def open_sqlite_log(
    path: Path, *, partitions: int = PARTITIONS, poll_seconds: float = POLL_SECONDS, clock: Clock | None = None
) -> AsyncIterator[SqliteLog]:
    """Open the log at `path`, or create it. Raise ValueError if it has another number of partitions.

    `poll_seconds`: how often a waiting reader checks for records of other processes.
    """
    async with open_sqlite(path, _SCHEMA) as database:
        log_id, created_with = await database.write(partial(_identify, partitions=partitions))
        if created_with != partitions:
            raise ValueError(f"{path} has {created_with} partitions, not {partitions}: the number cannot be changed")
        yield SqliteLog(
            database=database,
            path=path,
            log_id=log_id,
            partitions=partitions,
            poll_seconds=poll_seconds,
            clock=clock or SystemClock(),
        )


@contextmanager
def log_errors() -> Iterator[None]:
    """Convert errors of SQLite to UNAVAILABLE `LOG_UNAVAILABLE`."""
    try:
        yield
    except sqlite3.Error as error:
        raise unavailable(KernelReason.LOG_UNAVAILABLE, f"the event log does not answer: {error}") from error
    except ChatlyError as error:
        if error.code is not Code.UNAVAILABLE:
            raise
        raise unavailable(KernelReason.LOG_UNAVAILABLE, f"the event log does not answer: {error.message}") from error


async def _wait_for(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


def _identify(connection: sqlite3.Connection, *, partitions: int) -> tuple[str, int]:
    row = connection.execute("SELECT log_id, partitions FROM facts").fetchone()
    if row is None:
        facts = (secrets.token_hex(8), partitions)
        connection.execute("INSERT INTO facts (log_id, partitions) VALUES (?, ?)", facts)
        return facts
    return row["log_id"], row["partitions"]


def _append(connection: sqlite3.Connection, *, partition: int, key: str, value: bytes, now: float) -> int:
    written = connection.execute(_APPEND, (partition, partition, key, value, now))
    offset: int = written.fetchall()[0][0]
    return offset


def _read(connection: sqlite3.Connection, *, after: Mapping[int, int], limit: int) -> list[LogRecord]:
    records: list[LogRecord] = []
    for partition, offset in after.items():
        rows = connection.execute(
            "SELECT log_offset, key, value, appended_at FROM records WHERE log_partition = ? AND log_offset > ?"
            " ORDER BY log_offset LIMIT ?",
            (partition, offset, limit - len(records)),
        )
        records += [LogRecord(LogPosition(partition, offset), *rest) for offset, *rest in rows]
    return records


def _ends(connection: sqlite3.Connection, *, partitions: int) -> dict[int, int]:
    query = "SELECT max(log_offset) FROM records WHERE log_partition = ?"
    found = {number: connection.execute(query, (number,)).fetchone()[0] for number in range(partitions)}
    return {number: -1 if offset is None else offset for number, offset in found.items()}


def _begins(connection: sqlite3.Connection, *, partitions: int) -> dict[int, int]:
    query = "SELECT min(log_offset) FROM records WHERE log_partition = ?"
    found = {number: connection.execute(query, (number,)).fetchone()[0] for number in range(partitions)}
    return {number: offset or 0 for number, offset in found.items()}


def _committed(connection: sqlite3.Connection, *, group: str, partitions: int) -> dict[int, int]:
    rows = connection.execute("SELECT log_partition, log_offset FROM committed WHERE group_name = ?", (group,))
    return dict.fromkeys(range(partitions), -1) | {row["log_partition"]: row["log_offset"] for row in rows}


def _commit(connection: sqlite3.Connection, *, group: str, offsets: Mapping[int, int]) -> None:
    connection.executemany(
        "INSERT INTO committed (group_name, log_partition, log_offset) VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET log_offset = max(log_offset, excluded.log_offset)",
        [(group, partition, offset) for partition, offset in offsets.items()],
    )

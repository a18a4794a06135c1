"""The persister's side of history.db: batches of log records, and those that were put aside."""

import sqlite3
from collections.abc import Sequence
from functools import partial

from history.adapters.sqlite_access import store_errors
from history.adapters.sqlite_batch import SqliteBatch
from history.codec import decode
from history.model import ChatEvent, StoredEvent
from history.ports import Applied, DeadLetter
from kernel.clock import Clock
from kernel.errors import Reason, not_found
from kernel.log.ports import LogPosition, LogRecord
from kernel.store.sqlite import SqliteDatabase


class SqliteRecordWriter:
    """RecordWriter over one transaction for each batch, the partitions' offsets in it."""

    def __init__(self, *, database: SqliteDatabase, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def apply(self, records: Sequence[LogRecord]) -> Applied:
        failed_at = self._clock.now().timestamp()
        with store_errors():
            return await self._database.write(partial(_apply, records=records, failed_at=failed_at))


class SqliteDeadLetters:
    """DeadLetters over a table."""

    def __init__(self, *, database: SqliteDatabase, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def page(self, *, before: LogPosition | None, limit: int) -> Sequence[DeadLetter]:
        with store_errors():
            return await self._database.read(partial(_page, before=before, limit=limit))

    async def replay(self, positions: Sequence[LogPosition] | None) -> tuple[Applied, int]:
        failed_at = self._clock.now().timestamp()
        with store_errors():
            return await self._database.write(partial(_replay, positions=positions, failed_at=failed_at))

    async def count(self) -> int:
        with store_errors():
            return await self._database.read(_count)


def stored_offsets(connection: sqlite3.Connection) -> dict[int, int]:
    """Offset up to which each partition is stored."""
    rows = connection.execute("SELECT log_partition, log_offset FROM stored_offsets")
    return {row["log_partition"]: row["log_offset"] for row in rows}


def _apply(connection: sqlite3.Connection, *, records: Sequence[LogRecord], failed_at: float) -> Applied:
    before = stored_offsets(connection)
    new = [record for record in records if record.position.offset > before.get(record.position.partition, -1)]
    events, failed = _apply_all(connection, new, failed_at)
    reached = {record.position.partition: record.position.offset for record in new}
    connection.executemany("REPLACE INTO stored_offsets (log_partition, log_offset) VALUES (?, ?)", reached.items())
    stored = {record.position.partition: before.get(record.position.partition, -1) for record in records} | reached
    return Applied(stored, events, _pending(connection), len(failed))


def _replay(
    connection: sqlite3.Connection, *, positions: Sequence[LogPosition] | None, failed_at: float
) -> tuple[Applied, int]:
    letters = _all(connection) if positions is None else [_one(connection, position) for position in positions]
    connection.executemany(
        "DELETE FROM dead_letters WHERE log_partition = ? AND log_offset = ?",
        [(letter.record.position.partition, letter.record.position.offset) for letter in letters],
    )
    events, failed = _apply_all(connection, [letter.record for letter in letters], failed_at)
    return Applied({}, events, _pending(connection), len(failed)), len(letters) - len(failed)


def _apply_all(
    connection: sqlite3.Connection, records: Sequence[LogRecord], failed_at: float
) -> tuple[list[StoredEvent], list[LogRecord]]:
    """Events that changed something, and records that became dead letters."""
    batch = SqliteBatch(connection)
    events: list[StoredEvent] = []
    failed: list[LogRecord] = []
    for record in records:
        try:
            if event := batch.apply(record):
                events.append(event)
        except ValueError as error:
            failed.append(record)
            _put_aside(connection, DeadLetter(record, str(error), failed_at))
    return events, failed


def _pending(connection: sqlite3.Connection) -> list[ChatEvent]:
    return [decode(row["value"]) for row in connection.execute("SELECT value FROM pending_withdrawals")]


def _put_aside(connection: sqlite3.Connection, letter: DeadLetter) -> None:
    record = letter.record
    connection.execute(
        "REPLACE INTO dead_letters (log_partition, log_offset, key, value, error, failed_at) VALUES (?, ?, ?, ?, ?, ?)",
        (
            record.position.partition,
            record.position.offset,
            record.key,
            record.value,
            letter.error,
            letter.failed_at,
        ),
    )


def _page(connection: sqlite3.Connection, *, before: LogPosition | None, limit: int) -> list[DeadLetter]:
    end = (before.partition, before.offset) if before else (1 << 62, 0)
    rows = connection.execute(
        "SELECT * FROM dead_letters WHERE (log_partition, log_offset) < (?, ?)"
        " ORDER BY log_partition DESC, log_offset DESC LIMIT ?",
        (*end, limit),
    )
    return [_letter(row) for row in rows]


def _all(connection: sqlite3.Connection) -> list[DeadLetter]:
    return [_letter(row) for row in connection.execute("SELECT * FROM dead_letters ORDER BY log_partition, log_offset")]


def _one(connection: sqlite3.Connection, position: LogPosition) -> DeadLetter:
    row = connection.execute(
        "SELECT * FROM dead_letters WHERE log_partition = ? AND log_offset = ?", (position.partition, position.offset)
    ).fetchone()
    if row is None:
        raise not_found(
            Reason.DEAD_LETTER_NOT_FOUND,
            f"no dead letter at offset {position.offset} of partition {position.partition}",
        )
    return _letter(row)


def _count(connection: sqlite3.Connection) -> int:
    count: int = connection.execute("SELECT count(*) FROM dead_letters").fetchone()[0]
    return count


def _letter(row: sqlite3.Row) -> DeadLetter:
    position = LogPosition(row["log_partition"], row["log_offset"])
    return DeadLetter(LogRecord(position, row["key"], row["value"]), row["error"], row["failed_at"])

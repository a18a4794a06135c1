"""RecordWriter and DeadLetters over history.db."""

import sqlite3
from collections.abc import Sequence
from functools import partial

from history.codec import decode, decode_record
from history.model import ChatEvent, LogEvent
from history.ports import Applied, DeadLetter
from history.sqlite.batch import SqliteBatch
from history.sqlite.dead_letter_rows import count_letters, letters_at, letters_before, remove, save_dead_letter
from history.sqlite.log_rows import save_marks, stored_offsets
from kernel.log.ports import LogPosition, LogRecord
from kernel.sqlite.database import SqliteDatabase
from kernel.time import Clock


class SqliteRecordWriter:
    """RecordWriter with one transaction per batch, which includes the stored offsets."""

    def __init__(self, *, database: SqliteDatabase, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def apply(self, records: Sequence[LogRecord]) -> Applied:
        failed_at = self._clock.now().timestamp()
        return await self._database.write(partial(_apply, records=records, failed_at=failed_at))


class SqliteDeadLetters:
    """DeadLetters over the table of dead letters."""

    def __init__(self, *, database: SqliteDatabase) -> None:
        self._database = database

    async def page(self, *, before: LogPosition | None, limit: int) -> Sequence[DeadLetter]:
        return await self._database.read(partial(letters_before, before=before, limit=limit))

    async def at(self, positions: Sequence[LogPosition]) -> Sequence[DeadLetter]:
        return await self._database.read(partial(letters_at, positions=positions))

    async def remove(self, position: LogPosition) -> None:
        await self._database.write(partial(remove, position=position))

    async def count(self) -> int:
        return await self._database.read(count_letters)


def _apply(connection: sqlite3.Connection, *, records: Sequence[LogRecord], failed_at: float) -> Applied:
    before = stored_offsets(connection)
    new = [record for record in records if record.position.offset > before.get(record.position.partition, -1)]
    events, failed = _apply_all(connection, new, failed_at)
    reached = {record.position.partition: record.position.offset for record in new}
    connection.executemany("REPLACE INTO stored_offsets (log_partition, log_offset) VALUES (?, ?)", reached.items())
    save_marks(connection, new)
    stored = {record.position.partition: before.get(record.position.partition, -1) for record in records} | reached
    return Applied(stored, events, _pending(connection), len(failed))


def _apply_all(
    connection: sqlite3.Connection, records: Sequence[LogRecord], failed_at: float
) -> tuple[list[LogEvent], list[LogRecord]]:
    """Return the events that changed something and the records that became dead letters."""
    try:
        return _apply_together(connection, records), []
    except ValueError:
        # A record failed. Apply the records one by one to find the record.
        return _apply_each(connection, records, failed_at)


def _apply_each(
    connection: sqlite3.Connection, records: Sequence[LogRecord], failed_at: float
) -> tuple[list[LogEvent], list[LogRecord]]:
    events: list[LogEvent] = []
    failed: list[LogRecord] = []
    for record in records:
        try:
            events += _apply_together(connection, [record])
        except ValueError as error:
            failed.append(record)
            save_dead_letter(connection, DeadLetter(record, str(error), failed_at))
    return events, failed


def _apply_together(connection: sqlite3.Connection, records: Sequence[LogRecord]) -> list[LogEvent]:
    """Apply all records. If a record fails, apply none and raise ValueError."""
    connection.execute("SAVEPOINT batch")
    try:
        events = SqliteBatch(connection, [decode_record(record) for record in records]).apply()
    except ValueError:
        connection.execute("ROLLBACK TO batch")
        connection.execute("RELEASE batch")
        raise
    connection.execute("RELEASE batch")
    return events


def _pending(connection: sqlite3.Connection) -> list[ChatEvent]:
    return [decode(row["value"]) for row in connection.execute("SELECT value FROM pending_withdrawals")]

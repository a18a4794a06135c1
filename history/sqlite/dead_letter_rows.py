"""Dead letters as rows of history.db."""

import sqlite3
from collections.abc import Sequence

from history.ports import DeadLetter
from kernel.log.ports import LogPosition, LogRecord


def save_dead_letter(connection: sqlite3.Connection, letter: DeadLetter) -> None:
    """Add a dead letter, or update the error of an existing one."""
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


def remove(connection: sqlite3.Connection, position: LogPosition) -> None:
    """Remove a dead letter."""
    connection.execute(
        "DELETE FROM dead_letters WHERE log_partition = ? AND log_offset = ?", (position.partition, position.offset)
    )


def letters_before(connection: sqlite3.Connection, *, before: LogPosition | None, limit: int) -> list[DeadLetter]:
    """Return up to `limit` dead letters below a position, the highest first."""
    end = (before.partition, before.offset) if before else (1 << 62, 0)
    rows = connection.execute(
        "SELECT * FROM dead_letters WHERE (log_partition, log_offset) < (?, ?)"
        " ORDER BY log_partition DESC, log_offset DESC LIMIT ?",
        (*end, limit),
    )
    return [_letter(row) for row in rows]


def letters_at(connection: sqlite3.Connection, positions: Sequence[LogPosition]) -> list[DeadLetter]:
    """Return the dead letters at these positions, in the given order. Positions without a dead letter are skipped."""
    found = (_letter_at(connection, position) for position in positions)
    return [letter for letter in found if letter]


def count_letters(connection: sqlite3.Connection) -> int:
    """Return the number of dead letters."""
    count: int = connection.execute("SELECT count(*) FROM dead_letters").fetchone()[0]
    return count


def _letter_at(connection: sqlite3.Connection, position: LogPosition) -> DeadLetter | None:
    row = connection.execute(
        "SELECT * FROM dead_letters WHERE log_partition = ? AND log_offset = ?", (position.partition, position.offset)
    ).fetchone()
    return _letter(row) if row else None


def _letter(row: sqlite3.Row) -> DeadLetter:
    position = LogPosition(row["log_partition"], row["log_offset"])
    return DeadLetter(LogRecord(position, row["key"], row["value"]), row["error"], row["failed_at"])

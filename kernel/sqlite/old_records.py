"""Removal of the oldest records of the SQLite log."""

import sqlite3
from itertools import takewhile

_AHEAD_SECONDS = 60.0
_FIRST_TWO = "SELECT appended_at FROM records WHERE log_partition = ? ORDER BY log_offset LIMIT 2"
_CANDIDATES = """
    SELECT log_offset, appended_at FROM records WHERE log_partition = :partition AND log_offset <= :through
    AND log_offset < (SELECT max(log_offset) FROM records WHERE log_partition = :partition)
    ORDER BY log_offset LIMIT :limit
"""
_REMOVE = "DELETE FROM records WHERE log_partition = ? AND log_offset <= ?"
_CORRECT = "UPDATE records SET appended_at = ? WHERE log_partition = ? AND log_offset <= ? AND appended_at > ?"


def first_times(connection: sqlite3.Connection, *, partitions: int) -> dict[int, float]:
    """Return the append time of the first record of each partition that has more than one record."""
    since = _times_since(connection)
    found = {number: connection.execute(_FIRST_TWO, (number,)).fetchall() for number in range(partitions)}
    return {number: max(since, rows[0][0]) for number, rows in found.items() if len(rows) > 1}


def remove_first(
    connection: sqlite3.Connection, *, partition: int, before: float, through: int, now: float, limit: int
) -> int:
    """Remove up to `limit` records as `kernel.log.ports.OldRecords.remove` requires."""
    if before <= _times_since(connection):
        return 0
    parameters = {"partition": partition, "through": through, "limit": limit}
    candidates = connection.execute(_CANDIDATES, parameters).fetchall()
    old = list(takewhile(lambda row: row["appended_at"] < before, candidates))
    if old:
        connection.execute(_REMOVE, (partition, old[-1]["log_offset"]))
    if any(row["appended_at"] > now + _AHEAD_SECONDS for row in candidates):
        # The clock was ahead when these were appended. From now on, they have their age by the present clock.
        connection.execute(_CORRECT, (now, partition, candidates[-1]["log_offset"], now + _AHEAD_SECONDS))
    return len(old)


def _times_since(connection: sqlite3.Connection) -> float:
    row = connection.execute("SELECT times_since FROM facts").fetchone()
    return float(row["times_since"])

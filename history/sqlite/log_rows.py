"""Offsets, marks and ends of the log, and its epochs, as rows of history.db."""

import json
import sqlite3
from collections.abc import Mapping, Sequence

from kernel.log.epochs import EpochCause, LogEpoch, RecordMark, record_hash
from kernel.log.ports import LogRecord

_EPOCHS = "SELECT * FROM log_epochs ORDER BY number"
_ADD_EPOCH = (
    "INSERT INTO log_epochs (number, log_id, identity, starts, cause, detail, begun_at, adopted)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)


def stored_offsets(connection: sqlite3.Connection) -> dict[int, int]:
    """Return the stored offset of each partition."""
    rows = connection.execute("SELECT log_partition, log_offset FROM stored_offsets")
    return {row["log_partition"]: row["log_offset"] for row in rows}


def save_marks(connection: sqlite3.Connection, records: Sequence[LogRecord]) -> None:
    """Save the offset and the hash of the last of these records in each partition."""
    last = {record.position.partition: record for record in records}
    connection.executemany(
        "REPLACE INTO log_marks (log_partition, log_offset, value_hash) VALUES (?, ?, ?)",
        [(partition, record.position.offset, record_hash(record.value)) for partition, record in last.items()],
    )


def load_marks(connection: sqlite3.Connection) -> dict[int, RecordMark]:
    """Return the offset and the hash of the record that was stored last in each partition."""
    rows = connection.execute("SELECT log_partition, log_offset, value_hash FROM log_marks")
    return {row["log_partition"]: RecordMark(row["log_offset"], row["value_hash"]) for row in rows}


def load_ends(connection: sqlite3.Connection) -> dict[int, int]:
    """Return the saved end of each partition."""
    rows = connection.execute("SELECT log_partition, log_offset FROM log_ends")
    return {row["log_partition"]: row["log_offset"] for row in rows}


def save_ends(connection: sqlite3.Connection, *, ends: Mapping[int, int]) -> None:
    """Save the end of each partition. A saved end never decreases."""
    connection.executemany(
        "INSERT INTO log_ends (log_partition, log_offset) VALUES (?, ?)"
        " ON CONFLICT DO UPDATE SET log_offset = max(log_offset, excluded.log_offset)",
        list(ends.items()),
    )


def load_epochs(connection: sqlite3.Connection) -> list[LogEpoch]:
    """Return all epochs in ascending order."""
    rows = connection.execute(_EPOCHS)
    return [
        LogEpoch(
            number=row["number"],
            log_id=row["log_id"],
            identity=row["identity"],
            starts={int(partition): start for partition, start in json.loads(row["starts"]).items()},
            cause=EpochCause(row["cause"]),
            detail=row["detail"],
            begun_at=row["begun_at"],
            adopted=bool(row["adopted"]),
        )
        for row in rows
    ]


def add_epoch(connection: sqlite3.Connection, *, epoch: LogEpoch) -> bool:
    """Add an epoch. Return False if its number is taken."""
    added = connection.execute(
        _ADD_EPOCH,
        (
            epoch.number,
            epoch.log_id,
            epoch.identity,
            json.dumps(dict(epoch.starts)),
            epoch.cause,
            epoch.detail,
            epoch.begun_at,
            epoch.adopted,
        ),
    )
    return added.rowcount == 1


def adopt_epochs(connection: sqlite3.Connection) -> None:
    """Mark all epochs as adopted, because an operator has accepted them."""
    connection.execute("UPDATE log_epochs SET adopted = 1")

"""Rows about the log: stored offsets, epochs, pending withdrawals and dead letters."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from history.cassandra.access import by_replica, gather_all, write
from history.cassandra.write_times import ALWAYS_WINS, SINGLE_VALUE, larger_offset_wins
from history.chat_id import ChatId
from history.codec import decode, encode
from history.fold import message_of
from history.model import ChatEvent
from history.ports import DeadLetter
from kernel.cassandra.callbacks import Row
from kernel.cassandra.session import CassandraSession, Statement
from kernel.log.epochs import EpochCause, LogEpoch, RecordMark, record_hash
from kernel.log.ports import LogPosition, LogRecord

# All offsets are in this partition of the tables, so that one query by key reads them.
LOG = "chat-messages"
EPOCH_COLUMNS = "number, log_id, identity, starts, cause, detail, begun_at, adopted"
_INSERT_OFFSET = "INSERT INTO stored_offsets (log, log_partition, log_offset) VALUES (?, ?, ?) USING TIMESTAMP ?"
_INSERT_MARK = (
    "INSERT INTO log_marks (log, log_partition, log_offset, value_hash) VALUES (?, ?, ?, ?) USING TIMESTAMP ?"
)
_OFFSETS = "SELECT log_partition, log_offset FROM stored_offsets WHERE log = ?"


def epoch_values(epoch: LogEpoch) -> tuple[object, ...]:
    """Return the values of `EPOCH_COLUMNS`."""
    return (
        epoch.number,
        epoch.log_id,
        epoch.identity,
        dict(epoch.starts),
        str(epoch.cause),
        epoch.detail,
        epoch.begun_at,
        epoch.adopted,
    )


def epoch_of_row(row: Row) -> LogEpoch:
    """Return the epoch of a row with `EPOCH_COLUMNS`."""
    return LogEpoch(
        number=row["number"],
        log_id=row["log_id"],
        identity=row["identity"],
        starts=dict(row["starts"] or {}),
        cause=EpochCause(row["cause"]),
        detail=row["detail"],
        begun_at=row["begun_at"],
        adopted=bool(row["adopted"]),
    )


def marks_of_rows(rows: Iterable[Row]) -> Mapping[int, RecordMark]:
    """Return the mark of each partition."""
    return {row["log_partition"]: RecordMark(row["log_offset"], row["value_hash"]) for row in rows}


async def load_offsets(session: CassandraSession) -> Mapping[int, int]:
    """Return the stored offset of each partition. Partitions without a stored offset are left out."""
    return {row["log_partition"]: row["log_offset"] for row in await session.execute(_OFFSETS, (LOG,))}


async def save_offsets(session: CassandraSession, reached: Mapping[int, LogRecord]) -> None:
    """Record that each partition is stored up to its record. Stored offsets never decrease."""
    statements: list[Statement] = []
    for partition, record in reached.items():
        offset = record.position.offset
        written_at = larger_offset_wins(offset)
        statements.append((_INSERT_OFFSET, (LOG, partition, offset, written_at)))
        statements.append((_INSERT_MARK, (LOG, partition, offset, record_hash(record.value), written_at)))
    await write(session, statements)


_INSERT_WITHDRAWAL = (
    "INSERT INTO pending_withdrawals (log_partition, chat_id, message_id, value) VALUES (?, ?, ?, ?)"
    f" USING TIMESTAMP {SINGLE_VALUE}"
)
_DELETE_WITHDRAWAL = (
    f"DELETE FROM pending_withdrawals USING TIMESTAMP {ALWAYS_WINS}"
    " WHERE log_partition = ? AND chat_id = ? AND message_id = ?"
)
_PENDING_WITHDRAWALS = "SELECT value FROM pending_withdrawals WHERE log_partition IN ?"
_PARTITIONS_AT_ONCE = 20


async def save_withdrawals(session: CassandraSession, partition: int, withdrawals: Sequence[ChatEvent]) -> None:
    """Record withdrawals as pending until they are read back from the log."""
    await gather_all(
        session.execute(_INSERT_WITHDRAWAL, (partition, event.chat_id, message_of(event), encode(event)))
        for event in withdrawals
    )


async def delete_withdrawals(
    session: CassandraSession, partition: int, chat_id: ChatId, message_ids: Collection[UUID]
) -> None:
    """Delete pending withdrawals that were read back from the log."""
    await gather_all(
        session.execute(_DELETE_WITHDRAWAL, (partition, chat_id, message_id)) for message_id in message_ids
    )


async def pending_withdrawals(session: CassandraSession, partitions: Collection[int]) -> list[ChatEvent]:
    """Return the pending withdrawals of these partitions."""
    groups = by_replica(session, {partition: (partition,) for partition in partitions}, _PARTITIONS_AT_ONCE)
    found = await gather_all(session.execute(_PENDING_WITHDRAWALS, (some,)) for some in groups)
    return [decode(row["value"]) for rows in found for row in rows]


_COLUMNS = "log_partition, log_offset, key, value, error, failed_at"
_INSERT_LETTER = f"INSERT INTO dead_letters ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?) USING TIMESTAMP ?"
_DELETE_LETTER = f"DELETE FROM dead_letters USING TIMESTAMP {ALWAYS_WINS} WHERE log_partition = ? AND log_offset = ?"
_LETTERS_BEFORE = f"SELECT {_COLUMNS} FROM dead_letters WHERE log_partition = ? AND log_offset < ? LIMIT ?"
_LETTER_AT = f"SELECT {_COLUMNS} FROM dead_letters WHERE log_partition = ? AND log_offset = ?"
_COUNT_LETTERS = "SELECT count(*) AS letters FROM dead_letters WHERE log_partition = ?"
_END = (1 << 63) - 1


async def save_dead_letter(session: CassandraSession, letters: Sequence[DeadLetter]) -> None:
    """Add dead letters, or update the errors of existing ones. A removed dead letter stays removed."""
    await gather_all(session.execute(_INSERT_LETTER, _values(letter)) for letter in letters)


async def remove(session: CassandraSession, position: LogPosition) -> None:
    """Remove a dead letter."""
    await session.execute(_DELETE_LETTER, _position(position))


async def letters_before(
    session: CassandraSession, partitions: Sequence[int], *, before: LogPosition | None, limit: int
) -> list[DeadLetter]:
    """Return up to `limit` dead letters below a position, the highest first.

    `partitions` must be in descending order.
    """
    found: list[DeadLetter] = []
    for partition in partitions:
        if before and partition > before.partition:
            continue
        end = before.offset if before and partition == before.partition else _END
        if len(found) < limit:
            rows = await session.execute(_LETTERS_BEFORE, (partition, end, limit - len(found)))
            found.extend(map(_letter, rows))
    return found


async def letters_at(session: CassandraSession, positions: Sequence[LogPosition]) -> list[DeadLetter]:
    """Return the dead letters at these positions, in the given order. Positions without a dead letter are skipped."""
    found = await gather_all(session.execute(_LETTER_AT, _position(position)) for position in positions)
    return [_letter(rows[0]) for rows in found if rows]


async def count_letters(session: CassandraSession, partitions: Sequence[int]) -> int:
    """Return the number of dead letters in these partitions."""
    found = await gather_all(session.execute(_COUNT_LETTERS, (partition,)) for partition in partitions)
    return sum(rows[0]["letters"] for rows in found)


def _position(position: LogPosition) -> tuple[int, int]:
    return position.partition, position.offset


def _values(letter: DeadLetter) -> tuple[object, ...]:
    record = letter.record
    # The write timestamp is the time of the failure, so the latest error wins.
    written_at = int(letter.failed_at * 1_000_000)
    return (*_position(record.position), record.key, record.value, letter.error, letter.failed_at, written_at)


def _letter(row: Row) -> DeadLetter:
    position = LogPosition(row["log_partition"], row["log_offset"])
    return DeadLetter(LogRecord(position, row["key"], row["value"]), row["error"], row["failed_at"])

"""Dead letters as rows of Cassandra."""

from collections.abc import Sequence

from history.cassandra.access import together
from history.cassandra.times import FOR_EVER
from history.ports import DeadLetter
from kernel.cassandra.bridge import Row
from kernel.cassandra.session import CassandraSession
from kernel.errors import Reason, not_found
from kernel.log.ports import LogPosition, LogRecord

_COLUMNS = "log_partition, log_offset, key, value, error, failed_at"
_INSERT = f"INSERT INTO dead_letters ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?) USING TIMESTAMP ?"
_DELETE = f"DELETE FROM dead_letters USING TIMESTAMP {FOR_EVER} WHERE log_partition = ? AND log_offset = ?"
_BEFORE = f"SELECT {_COLUMNS} FROM dead_letters WHERE log_partition = ? AND log_offset < ? LIMIT ?"
_AT = f"SELECT {_COLUMNS} FROM dead_letters WHERE log_partition = ? AND log_offset = ?"
_COUNT = "SELECT count(*) AS letters FROM dead_letters WHERE log_partition = ?"
_END = (1 << 63) - 1


async def put_aside(session: CassandraSession, letters: Sequence[DeadLetter]) -> None:
    """Put records on the list, or write their new errors. What was taken off does not come back."""
    await together(session.execute(_INSERT, _values(letter)) for letter in letters)


async def take_off(session: CassandraSession, position: LogPosition) -> None:
    """Take a record off the list."""
    await session.execute(_DELETE, _place(position))


async def letters_before(
    session: CassandraSession, partitions: Sequence[int], *, before: LogPosition | None, limit: int
) -> list[DeadLetter]:
    """Those below a place, the highest first; `partitions`: the highest first."""
    found: list[DeadLetter] = []
    for partition in partitions:
        if before and partition > before.partition:
            continue
        end = before.offset if before and partition == before.partition else _END
        if len(found) < limit:
            rows = await session.execute(_BEFORE, (partition, end, limit - len(found)))
            found.extend(map(_letter, rows))
    return found


async def letters_at(session: CassandraSession, positions: Sequence[LogPosition]) -> list[DeadLetter]:
    """Raise ChatlyError NOT_FOUND `DEAD_LETTER_NOT_FOUND` if there is none at one of them."""
    found = await together(session.execute(_AT, _place(position)) for position in positions)
    for position, rows in zip(positions, found, strict=True):
        if not rows:
            raise not_found(
                Reason.DEAD_LETTER_NOT_FOUND,
                f"no dead letter at offset {position.offset} of partition {position.partition}",
            )
    return [_letter(rows[0]) for rows in found]


async def count_letters(session: CassandraSession, partitions: Sequence[int]) -> int:
    """How many there are."""
    found = await together(session.execute(_COUNT, (partition,)) for partition in partitions)
    return sum(rows[0]["letters"] for rows in found)


def _place(position: LogPosition) -> tuple[int, int]:
    return position.partition, position.offset


def _values(letter: DeadLetter) -> tuple[object, ...]:
    record = letter.record
    # The later of two failures is told.
    written_at = int(letter.failed_at * 1_000_000)
    return (*_place(record.position), record.key, record.value, letter.error, letter.failed_at, written_at)


def _letter(row: Row) -> DeadLetter:
    position = LogPosition(row["log_partition"], row["log_offset"])
    return DeadLetter(LogRecord(position, row["key"], row["value"]), row["error"], row["failed_at"])
